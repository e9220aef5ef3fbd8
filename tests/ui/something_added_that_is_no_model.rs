use orm_core::prelude::*;

fn demo(session: &mut Session) {
    session.add("Python");
}

fn main() {}
