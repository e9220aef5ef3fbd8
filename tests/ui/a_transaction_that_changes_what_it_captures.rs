use orm_core::prelude::*;

#[path = "support/school.rs"]
mod school;
use school::*;

struct Attempts(u32);

impl Attempts {
    fn count(&mut self) {
        self.0 += 1;
    }
}

async fn demo(engine: &Engine, attempts: &mut Attempts) -> orm_core::Result<()> {
    engine
        .transaction(async |session| {
            attempts.count();
            session.add(Course::builder().name("Python"));
            Ok(())
        })
        .await
}

fn main() {}
