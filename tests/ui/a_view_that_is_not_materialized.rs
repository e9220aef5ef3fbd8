use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
#[model(view)]
pub struct Stats {
    #[model(primary_key)]
    pub course_id: i32,
    pub homeworks: i64,
}

async fn demo(engine: Engine) -> orm_core::Result<()> {
    engine.refresh_materialized::<Stats>().await
}

fn main() {}
