//! `INSERT … ON CONFLICT` in the unit of work: what is sent, what it tells, and what the objects show.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};
use orm_tests::TestDb;

use crate::models::{Club, Course, Document, Enrollment, Homework, School, Student, two_courses};

/// Two columns that are one value only together, arrays, and a key of its own.
#[derive(Model, Debug, Clone)]
#[model(table = "quo\"ta", unique(owner, kind))]
struct Quota {
    #[model(primary_key)]
    id: Auto<i64>,
    owner: String,
    kind: i32,
    marks: Vec<i32>,
    #[model(default = "7")]
    left: Auto<i32>,
    #[model(generated = "kind * 2")]
    double: Option<i32>,
}

fn quota(owner: &str, kind: i32, marks: Vec<i32>) -> Quota {
    Quota::builder().owner(owner).kind(kind).marks(marks).build()
}

#[tokio::test]
async fn u42_new_rows_are_inserted_and_others_updated_in_one_statement() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let java = session.get::<Course>(2).await?.expect("it is there");
    let sent = db.record();
    let values = ["Go", "Java", "C"].map(|name| Course::builder().name(name).note(format!("{name}!")));
    let done = session.upsert(values, Course::name).await?;
    assert_eq!(
        sent.sql(),
        [
            "BEGIN",
            concat!(
                r#"WITH "input" AS MATERIALIZED (SELECT * FROM UNNEST ($1::text[], $2::text[]) "#,
                r#"WITH ORDINALITY AS "rows" ("v0", "v1", "n")), "#,
                r#""output" AS (INSERT INTO "course" ("name", "note") SELECT "v0", "v1" FROM "input" ORDER BY "n" "#,
                r#"ON CONFLICT ("name") DO UPDATE SET "note" = EXCLUDED."note" "#,
                r#"RETURNING "id" AS "c0", "name" AS "c1", "note" AS "c2", "#,
                r#"CASE WHEN (SELECT "relkind" = 'p' FROM "pg_catalog"."pg_class" WHERE "oid" = '"course"'::regclass) "#,
                r#"THEN NULL ELSE "xmax" = 0 END AS "inserted") "#,
                r#"SELECT "output"."c0", "output"."c1", "output"."c2", COALESCE ("output"."inserted", "#,
                r#"NOT EXISTS (SELECT FROM "course" AS "before" WHERE "before"."name" = "input"."v0")) "#,
                r#"FROM "input" JOIN "output" ON "output"."c1" = "input"."v0" ORDER BY "input"."n""#,
            ),
        ],
    );
    let handles = done.handles();
    assert_eq!(handles[1], java);
    assert_eq!((done.inserted(), done.updated()), (vec![handles[0], handles[2]], vec![java]));
    assert_eq!(session[java].note.as_deref(), Some("Java!"));
    for handle in &handles {
        assert_eq!(session.state(*handle), State::Persistent);
        let key = session[handle].id.get().expect("a row has its key");
        assert_eq!(session.get::<Course>(key).await?, Some(*handle));
    }
    session[handles[0]].note = None;
    session.commit().await?;
    assert_eq!(
        db.stored("SELECT name, note FROM course ORDER BY name").await,
        ["C|C!", "Go|NULL", "Java|Java!", "Python|NULL"]
    );
    Ok(())
}

#[tokio::test]
async fn u42_composite_targets_arrays_defaults_and_generated_columns() -> Result<()> {
    let db = TestDb::with::<(Quota,)>().await;
    let mut session = db.engine.session();
    let first = session.add(quota("a", 1, vec![1]));
    session.commit().await?;
    let mut left = quota("b", 2, vec![]);
    left.left = 3.into();
    let done =
        session.upsert([quota("a", 1, vec![5, 6]), left, quota("a", 2, vec![7])], (Quota::owner, Quota::kind)).await?;
    session.commit().await?;
    assert_eq!(done.into_iter().map(|(_, inserted)| inserted).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(done.handles()[0], first);
    assert_eq!((&session[first].marks, session[first].left.get()), (&vec![5, 6], Some(7)));
    let new = done.handles()[1];
    assert_eq!((session[new].left.get(), session[new].double), (Some(3), Some(4)));
    assert_eq!(
        db.stored(r#"SELECT owner, kind, marks, "left", double FROM "quo""ta" ORDER BY owner, kind"#).await,
        ["a|1|{5,6}|7|2", "a|2|{7}|7|4", "b|2|{}|3|4"]
    );
    // Some columns alone.
    let mut again = quota("a", 1, vec![]);
    again.left = 1.into();
    session.upsert([again], (Quota::owner, Quota::kind)).update(Quota::left).await?;
    session.commit().await?;
    assert_eq!((&session[first].marks, session[first].left.get()), (&vec![5, 6], Some(1)));
    assert!(session.upsert(Vec::<Quota>::new(), Quota::owner).await?.handles().is_empty());
    Ok(())
}

#[tokio::test]
async fn u42_seventy_thousand_rows_are_one_statement() -> Result<()> {
    let db = TestDb::with::<(Quota,)>().await;
    db.run(r#"INSERT INTO "quo""ta" (owner, kind, marks) SELECT 'o', i, '{}' FROM generate_series(0, 69998, 2) i"#)
        .await;
    let mut session = db.engine.session();
    let sent = db.record();
    let values = (0..70_000).map(|kind| quota("o", kind, vec![kind]));
    let done = session.upsert(values, (Quota::owner, Quota::kind)).await?;
    assert_eq!((sent.take().len(), done.inserted().len(), done.updated().len()), (2, 35_000, 35_000));
    for (kind, (handle, inserted)) in done.into_iter().enumerate() {
        assert_eq!((session[handle].kind, inserted), (kind as i32, kind % 2 == 1));
    }
    session.commit().await?;
    let wrong = r#"SELECT count(*), count(*) FILTER (WHERE marks <> ARRAY[kind]) FROM "quo""ta""#;
    assert_eq!(db.stored(wrong).await, ["70000|0"]);
    Ok(())
}

#[tokio::test]
async fn u42_what_cannot_be_told_apart_is_refused_before_anything_is_sent() -> Result<()> {
    let db = TestDb::with::<(School, Quota)>().await;
    let mut session = db.engine.session();
    session.add(Course::builder().name("pending"));
    let sent = db.record();
    let twice = ["a", "b", "a"].map(|name| Course::builder().name(name));
    let error = session.upsert(twice, Course::name).await.expect_err("one key twice");
    assert_eq!((error.kind(), error.model(), error.column()), (ErrorKind::Invalid, Some("Course"), Some("name")));
    assert!(error.to_string().contains("same conflict key"), "{error}");
    let error = session.upsert([Course::builder().name("a")], Course::note).await.expect_err("no value");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Invalid, Some("note")));
    let long = Course::builder().name("x".repeat(41));
    assert_eq!(session.upsert([long], Course::name).await.expect_err("too long").kind(), ErrorKind::Encode);
    let children = Course::builder().name("a").homeworks([Homework::builder().number(1).description("d")]);
    let error = session.upsert([children], Course::name).await.expect_err("children");
    assert!(error.to_string().contains("`Course::homeworks`"), "{error}");
    assert!(sent.sql().is_empty() && !session.in_transaction());
    // What is no conflict target is the server's to refuse, and loses nothing.
    let error = session.upsert([quota("a", 1, vec![])], Quota::owner).await.expect_err("not unique");
    assert_eq!(error.sqlstate(), Some("42P10"));
    session.commit().await?;
    assert_eq!(db.stored("SELECT name FROM course").await, ["pending"]);
    Ok(())
}

#[tokio::test]
async fn u42_parents_give_their_keys_and_collections_follow() -> Result<()> {
    let db = TestDb::with::<(School, Student, Club, Enrollment)>().await;
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let course = session.query::<Course>().filter(Course::id.eq(1)).with(Course::homeworks).one().await?;
    let values = [
        Homework::builder().id(2).number(22).description("two").course(course),
        Homework::builder().id(9).number(99).description("nine").course(course),
    ];
    let done = session.upsert(values, Homework::id).await?;
    assert_eq!(session[course].homeworks.handles().len(), 3);
    assert_eq!(session[done.handles()[1]].course.handle(), Some(course));
    // A new parent is added and written before.
    let enrollment = Enrollment::builder()
        .student(Student::builder().name("Ann"))
        .club(Club::builder().name("chess"))
        .role("captain");
    session.upsert([enrollment], (Enrollment::student_id, Enrollment::club_id)).await?;
    session.commit().await?;
    assert_eq!(
        db.stored("SELECT id, number, course_id FROM homework ORDER BY id").await,
        ["1|1|1", "2|22|1", "9|99|1"]
    );
    assert_eq!(db.stored("SELECT student_id, club_id, role FROM enrollment").await, ["1|1|captain"]);
    Ok(())
}

#[tokio::test]
async fn u42_a_version_is_raised_and_a_rollback_takes_everything_back() -> Result<()> {
    let db = TestDb::with::<(Document, School)>().await;
    let mut session = db.engine.session();
    let document = session.add(Document::builder().title("a"));
    session.commit().await?;
    let values = [Document::builder().id(1).title("b"), Document::builder().id(5).title("new")];
    let done = session.upsert(values, Document::id).await?;
    let new = done.inserted()[0];
    assert_eq!((session[document].title.as_str(), session[document].version, session[new].version), ("b", 2, 1));
    session.rollback().await?;
    assert_eq!((session[document].title.as_str(), session[document].version), ("a", 1));
    assert_eq!((session.state(document), session.state(new)), (State::Persistent, State::Transient));
    assert_eq!(session.get::<Document>(5).await?, None);

    // Lost with a flush that fails later, too.
    session.add(Course::builder().name("taken"));
    session.commit().await?;
    let values = [Document::builder().id(6).title("six"), Document::builder().id(1).title("one")];
    let lost = session.upsert(values, Document::id).await?.handles();
    let twice = session.add(Course::builder().name("taken"));
    assert!(session.flush().await.is_err());
    assert_eq!((session.state(lost[0]), session[document].title.as_str()), (State::Transient, "a"));
    session[twice].name = "free".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT id, title, version FROM document ORDER BY id").await, ["1|a|1"]);
    Ok(())
}

#[tokio::test]
async fn u42_of_a_partitioned_table_what_was_there_at_the_beginning_is_updated() -> Result<()> {
    let db = TestDb::new();
    db.run(
        "CREATE TABLE document (id integer PRIMARY KEY, title text NOT NULL, version integer NOT NULL) PARTITION BY HASH (id); \
         CREATE TABLE document_0 PARTITION OF document FOR VALUES WITH (MODULUS 2, REMAINDER 0); \
         CREATE TABLE document_1 PARTITION OF document FOR VALUES WITH (MODULUS 2, REMAINDER 1); \
         INSERT INTO document VALUES (1, 'a', 1), (2, 'b', 1)",
    )
    .await;
    let mut session = db.engine.session();
    let values = (1..=4).map(|id| Document::builder().id(id).title(format!("t{id}")));
    let done = session.upsert(values, Document::id).await?;
    session.commit().await?;
    assert_eq!(done.into_iter().map(|(_, inserted)| inserted).collect::<Vec<_>>(), [false, false, true, true]);
    assert_eq!(db.stored("SELECT title, version FROM document ORDER BY id").await, ["t1|2", "t2|2", "t3|1", "t4|1"]);
    Ok(())
}

#[tokio::test]
async fn u42_two_sessions_that_upsert_one_row_wait_for_each_other() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let (mut one, mut two) = (db.engine.session(), db.engine.session());
    let first = one.upsert([Course::builder().name("Go").note("1")], Course::name).await?;
    let later = async {
        let done = two.upsert([Course::builder().name("Go").note("2")], Course::name).await?;
        two.commit().await.map(|()| done)
    };
    let (committed, second) = tokio::join!(one.commit(), later);
    committed?;
    assert_eq!((first.inserted().len(), second?.updated().len()), (1, 1));
    assert_eq!(db.stored("SELECT note FROM course").await, ["2"]);
    Ok(())
}

#[tokio::test]
async fn u42_one_conflict_key_twice_is_refused_before_new_parents_are_written() -> Result<()> {
    let db = TestDb::with::<(Student, Club, Enrollment)>().await;
    let mut session = db.engine.session();
    let ann = session.add(Student::builder().name("Ann"));
    let [chess, go] = ["chess", "go"].map(|name| session.add(Club::builder().name(name)));
    let sent = db.record();
    let target = (Enrollment::student_id, Enrollment::club_id);
    let twice = [chess, go, chess].map(|club| Enrollment::builder().student(ann).club(club));
    let error = session.upsert(twice, target).await.expect_err("one key twice");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Invalid, Some("Enrollment")));
    assert!(error.to_string().contains("(`student_id`, `club_id`)"), "{error}");
    assert!(sent.sql().is_empty());
    assert_eq!(session.state(ann), State::Pending);
    let once = [chess, go].map(|club| Enrollment::builder().student(ann).club(club));
    assert_eq!(session.upsert(once, target).await?.inserted().len(), 2);
    session.commit().await?;
    assert_eq!(db.stored("SELECT student_id, club_id FROM enrollment ORDER BY 2").await, ["1|1", "1|2"]);
    Ok(())
}
