//! `in_batches`: all rows of a query by key, in a session that does not grow with their number.

use std::time::Duration;

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};
use orm_tests::TestDb;

use crate::models::{City, Country, Course, Homework, Line, Part, Person, School, two_courses};

const PEOPLE: &str = "INSERT INTO person (name) SELECT 'p' || n FROM generate_series(1, 7) n";

#[tokio::test]
async fn u47_a_walk_goes_by_key() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run(PEOPLE).await;
    let mut session = db.engine.session();
    let sent = db.record();
    let mut batches = session.query::<Person>().filter(Person::id.ne(2)).in_batches(3);
    let mut seen = Vec::new();
    while let Some(people) = batches.next(&mut session).await? {
        seen.push(people.iter().map(|person| session[person].id.get().unwrap_or(0)).collect::<Vec<_>>());
    }
    assert_eq!(seen, [vec![1, 3, 4], vec![5, 6, 7]]);
    let select = r#"SELECT "person"."id", "person"."name", "person"."boss_id", "person"."mentor_id" FROM "person" WHERE "person"."id" <> $1"#;
    assert_eq!(
        sent.take(),
        [
            format!(r#"{select} ORDER BY "person"."id" LIMIT 3"#),
            format!(r#"{select} AND "person"."id" > $2 ORDER BY "person"."id" LIMIT 3"#),
            format!(r#"{select} AND "person"."id" > $2 ORDER BY "person"."id" LIMIT 3"#),
        ]
    );
    assert!(batches.next(&mut session).await?.is_none());
    assert!(sent.take().is_empty() && session.objects::<Person>().is_empty());
    Ok(())
}

#[tokio::test]
async fn u47_a_walk_is_resumed_behind_a_key() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run(PEOPLE).await;
    let mut session = db.engine.session();
    let mut batches = session.query::<Person>().in_batches(3);
    assert_eq!(batches.last_key(), None);
    batches.next(&mut session).await?;
    let stopped: Option<i32> = batches.last_key();
    assert_eq!(stopped, Some(3));
    let mut other = db.engine.session();
    let mut batches = query::<Person>().in_batches(10).after(3);
    assert_eq!(batches.last_key(), Some(3));
    let rest = batches.next(&mut other).await?.expect("there are more");
    assert_eq!((rest.len(), batches.last_key()), (4, Some(7)));
    assert!(batches.next(&mut other).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn u47_a_walk_over_composite_and_text_keys() -> Result<()> {
    let db = TestDb::with::<(Line, Part, Country, City)>().await;
    db.run(
        "INSERT INTO line (order_id, no, text) SELECT o, n, 'x' FROM generate_series(1, 2) o, generate_series(1, 3) n",
    )
    .await;
    db.run("INSERT INTO country (code, name) VALUES ('de', 'x'), ('at', 'x'), ('ch', 'x')").await;
    let mut session = db.engine.session();
    let sent = db.record();
    let mut batches = session.query::<Line>().with(Line::parts).in_batches(4);
    assert_eq!(batches.next(&mut session).await?.map(|lines| lines.len()), Some(4));
    assert_eq!(batches.last_key(), Some((2, 1)));
    assert_eq!(batches.next(&mut session).await?.map(|lines| lines.len()), Some(2));
    let second = &sent.take()[2];
    let tail = r#"WHERE ("line"."order_id", "line"."no") > ($1, $2) ORDER BY "line"."order_id", "line"."no" LIMIT 4"#;
    assert!(second.ends_with(tail), "{second}");
    let mut batches = session.query::<Country>().in_batches(2).after("at");
    let countries = batches.next(&mut session).await?.expect("there are two more");
    assert_eq!(countries.iter().map(|country| session[country].code.as_str()).collect::<Vec<_>>(), ["ch", "de"]);
    Ok(())
}

#[tokio::test]
async fn u47_a_walk_refuses_a_query_with_an_order_or_a_limit_of_its_own() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    session.add(Person::builder().name("p"));
    let sent = db.record();
    let walks = [
        query::<Person>().order_by(Person::name.asc()).in_batches(3),
        query::<Person>().limit(3).in_batches(3),
        query::<Person>().offset(3).in_batches(3),
        query::<Person>().in_batches(0),
    ];
    for mut walk in walks {
        let error = walk.next(&mut session).await.expect_err("it is refused");
        assert_eq!((error.kind(), error.model()), (ErrorKind::Invalid, Some("Person")));
    }
    assert!(sent.take().is_empty(), "nothing is sent, not even the flush");
    Ok(())
}

#[tokio::test]
async fn u47_a_walk_keeps_what_was_there_and_what_is_changed() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run(PEOPLE).await;
    let mut session = db.engine.session();
    let held = session.get::<Person>(2).await?.expect("it is there");
    let new = session.add(Person::builder().name("new"));
    let mut batches = session.query::<Person>().filter(Person::id.le(7)).in_batches(3);
    let first = batches.next(&mut session).await?.expect("there are three");
    session[first[0]].name = "changed".to_owned();
    assert_eq!(first[1], held);
    let second = batches.next(&mut session).await?.expect("there are three more");
    assert_eq!(session[first[0]].name, "changed");
    assert_eq!(session[held].name, "p2");
    assert_eq!(session[new].name, "new");
    assert_eq!(session.state(first[2]), orm_core::State::Detached, "it was as its row");
    assert_eq!(session.objects::<Person>().len(), 3 + second.len());
    session.commit().await?;
    batches.next(&mut session).await?;
    assert_eq!(session.objects::<Person>().len(), 2 + 1, "what was changed is forgotten once it is committed");
    assert_eq!(db.stored("SELECT name FROM person WHERE id = 1").await, ["changed"]);
    Ok(())
}

#[tokio::test]
async fn u47_what_a_walk_wrote_in_an_open_transaction_is_kept_for_a_failed_flush() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO course (name) SELECT 'c' || n FROM generate_series(1, 6) n").await;
    let mut session = db.engine.session();
    let mut batches = session.query::<Course>().in_batches(2);
    let first = batches.next(&mut session).await?.expect("there are two");
    session[first[0]].name = "changed".to_owned();
    batches.next(&mut session).await?;
    let third = batches.next(&mut session).await?.expect("there are two");
    session[third[0]].name = "c6".to_owned();
    session.commit().await.expect_err("the name is taken");
    session[third[0]].name = "free".to_owned();
    session.commit().await?;
    assert_eq!(db.stored("SELECT name FROM course WHERE id IN (1, 5) ORDER BY id").await, ["changed", "free"]);
    Ok(())
}

#[tokio::test]
async fn u47_children_that_came_with_a_batch_go_with_it() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    db.run("INSERT INTO homework (number, description, course_id) VALUES (1, 'x', 2)").await;
    let mut session = db.engine.session();
    let mut batches = session.query::<Course>().with(Course::homeworks).in_batches(1);
    let first = batches.next(&mut session).await?.expect("the first");
    let homework = session[first[0]].homeworks.handles()[0];
    session[homework].description.push('!');
    batches.next(&mut session).await?;
    assert_eq!(
        session.objects::<Homework>().len(),
        2 + 1,
        "a child that is changed holds its course, and that the others"
    );
    assert_eq!(session[homework].course.handle(), Some(first[0]));
    session.commit().await?;
    assert!(batches.next(&mut session).await?.is_none());
    assert_eq!((session.objects::<Course>().len(), session.objects::<Homework>().len()), (0, 0));
    Ok(())
}

#[tokio::test]
async fn u47_a_batch_whose_future_was_dropped_is_read_again() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run(PEOPLE).await;
    let mut session = db.engine.session();
    let mut batches = session.query::<Person>().with(Person::boss).in_batches(3);
    for _ in 0..20 {
        // Sometimes before the rows, sometimes among them.
        let _ = tokio::time::timeout(Duration::from_micros(200), batches.next(&mut session)).await;
    }
    let mut batches = session.query::<Person>().in_batches(3).after(3);
    assert_eq!(batches.next(&mut session).await?.map(|people| people.len()), Some(3));
    assert_eq!(batches.next(&mut session).await?.map(|people| people.len()), Some(1));
    Ok(())
}

#[tokio::test]
async fn u47_a_hundred_thousand_rows_leave_the_session_small() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO person (name) SELECT 'p' || n FROM generate_series(1, 100000) n; UPDATE person SET boss_id = (id + 1) / 2 WHERE id > 1").await;
    let mut session = db.engine.session();
    let held = session.get::<Person>(1).await?.expect("it is there");
    let mut batches = session.query::<Person>().with_joined(Person::mentor).with(Person::boss).in_batches(1000);
    let (mut rows, mut most) = (0, 0);
    while let Some(people) = batches.next(&mut session).await? {
        rows += people.len();
        most = most.max(session.objects::<Person>().len());
    }
    assert_eq!(rows, 100_000);
    assert!(most <= 2001, "a batch, the bosses, and the one that was there: {most}");
    assert_eq!(session.objects::<Person>(), [held]);
    session.expunge(held)?;
    session.begin().await?;
    let mut batches = session.query::<Person>().with(Person::reports).in_batches(10_000);
    while let Some(people) = batches.next(&mut session).await? {
        assert!(session.objects::<Person>().len() <= 3 * people.len() + 3, "in a transaction it is the same");
    }
    session.rollback().await?;
    Ok(())
}
