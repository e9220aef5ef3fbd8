use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
#[model(view)]
pub struct Stats {
    #[model(primary_key)]
    pub course_id: i32,
    pub homeworks: i64,
}

async fn demo(engine: Engine) -> orm_core::Result<u64> {
    engine.query::<Stats>().update(Stats::homeworks.set(1)).all_rows().await
}

fn main() {}
