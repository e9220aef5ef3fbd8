use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

use std::rc::Rc;

fn spawn(_: impl Future + Send + 'static) {}

fn demo(engine: Engine, name: Rc<str>) {
    spawn(async move {
        let found = engine.query::<Course>().filter(Course::name.eq(&*name)).all().await;
        println!("{name}: {}", found.is_ok());
    });
}

fn main() {}
