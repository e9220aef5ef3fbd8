use orm_core::prelude::*;

#[derive(Model, Debug, Clone)]
#[model(view)]
pub struct Stats {
    #[model(primary_key)]
    pub course_id: i32,
    pub homeworks: i64,
}

fn demo(mut session: Session, stats: Stats) {
    session.add(stats);
}

fn main() {}
