use orm_core::prelude::*;

#[derive(Newtype, Debug, Clone)]
pub struct CourseId(i32);

#[derive(Model, Debug, Clone)]
pub struct Course {
    #[model(primary_key)]
    pub id: CourseId,
}

async fn demo(session: &mut Session) -> orm_core::Result<()> {
    session.get::<Course>("one").await?;
    Ok(())
}

fn main() {}
