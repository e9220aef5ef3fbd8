//! A program that depends on `orm-core` under the name `db`.

#![deny(warnings)]

use db::prelude::*;
use db::sql;
use outside_renamed::{Course, Homework, Level};

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = Course, crate = db)]
struct Named {
    name: String,
}

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
    let number = 1;
    let counted = sql!("select count(*) from homework where number = {number}");
    assert_eq!(counted.on(&engine).one::<i64>().await?, 1);
    let named = engine.query::<Course>().project::<Named>().one().await?;
    assert_eq!(named.name, first.1.name);
    println!("{}: {}", session[course].id, first.1.name);
    Ok(())
}
