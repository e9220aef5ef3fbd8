//! A program that depends on `orm-core` under the name `db`.

#![deny(warnings)]

use db::prelude::*;
use outside_renamed::{Course, Homework, Level};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    print!("{}", Metadata::registered()?.ddl());
    println!(
        "{}",
        query::<Course>()
            .join(Course::homeworks)
            .filter(Homework::number.gt(1))
            .to_sql()
    );

    let engine = Engine::new(&std::env::var("DATABASE_URL")?)?;
    engine.drop_all::<(Course, Homework)>().await?;
    engine.create_all::<(Course, Homework)>().await?;
    let mut session = engine.session();
    let homework = Homework::builder().number(1);
    let course = session.add(
        Course::builder()
            .name("Python")
            .level(Level::High)
            .homeworks([homework]),
    );
    session.commit().await?;
    assert_eq!(session[course].homeworks.handles().len(), 1);
    let first = engine
        .query::<Homework>()
        .with(Homework::course)
        .one()
        .await?;
    assert_eq!((first.0.number, first.1.level), (1, Level::High));
    assert_ne!(Level::Low, Level::High);
    println!("{}: {}", session[course].id, first.1.name);
    Ok(())
}
