//! Values from outside are copied onto the objects that have their keys.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};
use orm_tests::TestDb;

use crate::models::{
    Club, Course, Document, Enrollment, Homework, Item, Person, School, Shop, Stall, Student, two_courses,
};

#[tokio::test]
async fn u38_a_detached_value_is_copied_onto_the_object_with_its_key() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut first = db.engine.session();
    let python = first.get::<Course>(1).await?.expect("it is there");
    let mut detached = first.take(python)?;
    detached.name = "Rust".into();

    let mut session = db.engine.session();
    let sent = db.record();
    let merged = session.merge(detached).await?;
    assert_eq!((session[merged].name.as_str(), session.state(merged)), ("Rust", State::Persistent));
    session.commit().await?;
    assert_eq!(sent.sql()[1..], [r#"UPDATE "course" SET "name" = $1 WHERE "id" = $2"#],);
    // The session's own object is met without a statement, and its other changes stay.
    drop(sent.take());
    session[merged].note = Some("n".into());
    session.flush().await?;
    let value = db.engine.query::<Course>().filter(Course::id.eq(1)).one().await?;
    drop(sent.take());
    assert_eq!(session.merge(value).await?, merged);
    assert!(sent.sql().is_empty());
    assert_eq!(session[merged].note, None);
    session.commit().await?;
    assert_eq!(db.stored("SELECT name, note FROM course ORDER BY id").await, ["Rust|NULL", "Java|NULL"]);
    Ok(())
}

#[tokio::test]
async fn u38_merge_all_asks_once_and_adds_what_has_no_row() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let sent = db.record();
    let values = [
        Course::builder().id(2).name("Go"),
        Course::builder().id(7).name("seven"),
        Course::builder().name("new"),
        Course::builder().id(7).name("SEVEN"),
    ];
    let merged = session.merge_all(values).await?;
    assert_eq!(sent.take().len(), 1);
    assert_eq!(merged[1], merged[3]);
    assert_eq!(session.state(merged[0]), State::Persistent);
    assert_eq!((session.state(merged[1]), session.state(merged[2])), (State::Pending, State::Pending));
    session.commit().await?;
    assert_eq!(db.stored("SELECT id, name FROM course ORDER BY id").await, ["1|Python", "2|Go", "3|new", "7|SEVEN"]);
    assert!(session.merge_all(Vec::<Course>::new()).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn u38_children_are_matched_by_key_and_the_collection_is_replaced() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    session.add(Person::builder().name("boss").reports(["a", "b", "c"].map(|name| Person::builder().name(name))));
    session.commit().await?;

    let mut session = db.engine.session();
    let value = Person::builder()
        .id(1)
        .name("BOSS")
        .reports([Person::builder().id(3).name("B"), Person::builder().name("new")]);
    let sent = db.record();
    let boss = session.merge(value).await?;
    assert_eq!(sent.take().len(), 2);
    session.commit().await?;
    let stored = db.stored("SELECT id, name, boss_id FROM person ORDER BY id").await;
    assert_eq!(stored, ["1|BOSS|NULL", "2|a|NULL", "3|B|1", "4|c|NULL", "5|new|1"]);
    let reports = session[boss].reports.handles();
    assert_eq!(reports.len(), 2);
    // What is not given is left alone.
    let boss_again = session.merge(Person::builder().id(1).name("boss")).await?;
    assert_eq!((boss_again, session[boss].reports.len()), (boss, 2));
    session.commit().await?;
    assert_eq!(db.stored("SELECT count(*) FROM person WHERE boss_id = 1").await, ["2"]);
    Ok(())
}

#[tokio::test]
async fn u38_parents_and_keys_that_come_from_relationships_are_merged() -> Result<()> {
    let db = TestDb::with::<(School, Shop, Stall, Student, Club, Enrollment)>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    session.add(Shop::builder().code("s").stalls([Stall::builder().no(1), Stall::builder().no(2)]));
    session.add(Enrollment::builder().student(Student::builder().name("Ann")).club(Club::builder().name("chess")));
    session.commit().await?;

    let mut session = db.engine.session();
    let moved = Homework::builder().id(1).number(11).description("moved").course(Course::builder().id(2).name("JAVA"));
    let homework = session.merge(moved).await?;
    let shop = Shop::builder().code("s").stalls([Stall::builder().no(2).open(true), Stall::builder().no(1)]);
    session.merge(shop).await?;
    let enrollment = Enrollment::builder()
        .student(Student::builder().id(1).name("Anna"))
        .club(Club::builder().id(1).name("chess"))
        .role("captain");
    session.merge(enrollment).await?;
    session.commit().await?;
    assert_eq!(session[homework].course_id, 2);
    assert_eq!(db.stored("SELECT number, course_id FROM homework ORDER BY id").await, ["11|2", "2|1"]);
    assert_eq!(db.stored("SELECT name FROM course ORDER BY id").await, ["Python", "JAVA"]);
    assert_eq!(db.stored("SELECT shop_code, no, open FROM stall ORDER BY no").await, ["s|1|f", "s|2|t"]);
    assert_eq!(db.stored("SELECT name, role FROM student, enrollment").await, ["Anna|captain"]);
    Ok(())
}

#[tokio::test]
async fn u38_a_value_with_an_old_version_is_stale_and_nothing_is_merged() -> Result<()> {
    let db = TestDb::with::<(Document, Item)>().await;
    let mut session = db.engine.session();
    let documents = session.add_all([Document::builder().title("a"), Document::builder().title("b")]);
    let item = session.add(Item::builder().price(3));
    session.commit().await?;
    let old = session[documents[1]].clone();
    session[documents[1]].title = "B".into();
    session.commit().await?;
    let mut first = session[documents[0]].clone();
    first.title = "A".into();
    let error = session.merge_all([first.clone(), old]).await.expect_err("its version is old");
    assert_eq!((error.kind(), error.model()), (ErrorKind::StaleData, Some("Document")));
    assert_eq!(session[documents[0]].title, "a");
    session.merge(first).await?;
    // What the server makes is left alone where it is not given.
    session.merge(Item::builder().id(1).price(4)).await?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT title, version FROM document ORDER BY id").await, ["A|2", "B|2"]);
    assert_eq!((session[item].quantity.get(), session[item].total), (Some(1), Some(4)));
    Ok(())
}

#[tokio::test]
async fn u38_a_relationship_with_handles_of_another_session_is_left_alone() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut theirs = db.engine.session();
    let course = theirs.query::<Course>().filter(Course::id.eq(1)).with(Course::homeworks).one().await?;
    let mut value = theirs.take(course)?;
    value.name = "P".into();
    let homework = theirs.query::<Homework>().filter(Homework::id.eq(1)).with(Homework::course).one().await?;
    let mut child = theirs[homework].clone();
    child.course_id = 2;
    let mut session = db.engine.session();
    session.merge(value).await?;
    session.merge(child).await?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT name FROM course ORDER BY id").await, ["P", "Java"]);
    assert_eq!(db.stored("SELECT id, course_id FROM homework ORDER BY id").await, ["1|2", "2|1"]);

    // Of this session's own handles, an unchanged one leaves the key's value to stand.
    let homework = session.query::<Homework>().filter(Homework::id.eq(2)).with(Homework::course).one().await?;
    let mut copy = session[homework].clone();
    copy.course_id = 2;
    session.merge(copy).await?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT course_id FROM homework ORDER BY id").await, ["2", "2"]);
    Ok(())
}
