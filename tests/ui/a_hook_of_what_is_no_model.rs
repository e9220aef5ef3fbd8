use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;

fn main() {}

fn hook(engine: &Engine) {
    let _ = SessionMaker::new(engine).before_insert(|_: &mut String| Ok(()));
}
