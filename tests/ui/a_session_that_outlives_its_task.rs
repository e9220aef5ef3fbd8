use orm_core::prelude::*;

fn spawn(_: impl Future + Send + 'static) {}

fn demo(session: &mut Session) {
    spawn(async move { session.commit().await });
}

fn main() {}
