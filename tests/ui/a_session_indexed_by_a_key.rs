use orm_core::prelude::*;

fn demo(session: &Session) {
    println!("{}", session[1].name);
}

fn main() {}
