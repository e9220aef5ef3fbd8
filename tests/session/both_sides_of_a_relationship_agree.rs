//! Relationships are changed from either side; after the flush the key, the child's side and the loaded collections agree.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};
use orm_tests::TestDb;

use crate::models::{Account, Course, Homework, Person, Profile, School, Tag, two_courses};

const MOVE: &str = r#"UPDATE "homework" SET "course_id" = $1 WHERE "id" = $2"#;

/// The two courses with their homeworks loaded.
async fn loaded(db: &TestDb) -> Result<(Session, Handle<Course>, Handle<Course>)> {
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses =
        session.query::<Course>().with(Course::homeworks).with(Course::tags).order_by(Course::id.asc()).all().await?;
    Ok((session, courses[0], courses[1]))
}

/// The same, with nothing loaded.
async fn unloaded(db: &TestDb) -> Result<(Session, Handle<Course>, Handle<Course>)> {
    two_courses(&db.engine).await?;
    let mut session = db.engine.session();
    let courses = session.query::<Course>().order_by(Course::id.asc()).all().await?;
    Ok((session, courses[0], courses[1]))
}

#[tokio::test]
async fn u21_a_child_is_moved_by_its_own_side() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let (mut session, python, java) = loaded(&db).await?;
    let [first, second] = session[python].homeworks.handles()[..] else { panic!("two homeworks") };
    let sent = db.record();
    session[first].course.set(java);
    session.flush().await?;
    assert_eq!(sent.sql(), ["BEGIN", MOVE]);
    assert_eq!(session[python].homeworks.handles(), [second]);
    assert_eq!(session[java].homeworks.handles(), [first]);
    assert_eq!(session[first].course_id, 2);
    session.commit().await
}

#[tokio::test]
async fn u21_a_child_is_moved_by_the_collections() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let (mut session, python, java) = loaded(&db).await?;
    let [first, second] = session[python].homeworks.handles()[..] else { panic!("two homeworks") };
    let sent = db.record();
    assert!(session[python].homeworks.remove(first));
    session[java].homeworks.push(first);
    session.commit().await?;
    assert_eq!(sent.take(), [MOVE]);
    assert_eq!(session[first].course.handle(), Some(java));
    assert_eq!((session[first].course_id, session[python].homeworks.len()), (2, 1));

    // One of the two collections is enough.
    session[java].homeworks.push(second);
    session.commit().await?;
    assert_eq!(sent.take(), [MOVE]);
    assert!(session[python].homeworks.is_empty());
    assert_eq!(session[java].homeworks.handles(), [first, second]);
    assert_eq!(db.stored("SELECT course_id FROM homework").await, ["2", "2"]);
    Ok(())
}

#[tokio::test]
async fn u21_a_child_is_moved_by_push_and_by_its_key() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let (mut session, python, java) = loaded(&db).await?;
    let [first, second] = session[python].homeworks.handles()[..] else { panic!("two homeworks") };
    session.push(java, Course::homeworks, first)?;
    session[second].course_id = 2;
    session.commit().await?;
    assert!(session[python].homeworks.is_empty());
    assert_eq!(session[java].homeworks.handles(), [first, second]);
    assert_eq!(session[second].course.handle(), Some(java));
    Ok(())
}

#[tokio::test]
async fn u21_a_child_leaves_a_parent_that_is_deleted_in_the_same_flush() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let (mut session, python, java) = loaded(&db).await?;
    for homework in &session[python].homeworks.clone() {
        session[homework].course.set(java);
    }
    session.delete(python)?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT course_id FROM homework").await, ["2", "2"]);
    assert_eq!(db.stored("SELECT id FROM course").await, ["2"]);
    Ok(())
}

#[tokio::test]
async fn u20_taking_a_child_out_writes_null_where_the_key_may_be() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let boss = session.add(Person::builder().name("boss").reports([Person::builder().name("report")]));
    session.commit().await?;
    let report = session[boss].reports.handles()[0];
    let sent = db.record();
    session[boss].reports.remove(report);
    session.commit().await?;
    assert_eq!(sent.sql()[0], r#"UPDATE "person" SET "boss_id" = $1 WHERE "id" = $2"#);
    assert_eq!((session[report].boss_id, session[report].boss.get()), (None, Some(None)));
    assert_eq!(db.stored("SELECT boss_id FROM person ORDER BY id").await, ["NULL", "NULL"]);
    Ok(())
}

#[tokio::test]
async fn u20_taking_a_child_out_is_refused_where_the_key_must_be_set() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let (mut session, python, java) = loaded(&db).await?;
    let first = session[python].homeworks.handles()[0];
    let sent = db.record();
    session[python].homeworks.remove(first);
    session[python].name = "changed".into();
    let error = session.commit().await.expect_err("a homework needs a course");
    assert_eq!(
        (error.kind(), error.model(), error.column()),
        (ErrorKind::Invalid, Some("Homework"), Some("course_id"))
    );
    assert!(error.to_string().contains("primary key (1)"), "{error}");
    assert!(error.to_string().contains("`Homework::course`"), "{error}");
    assert!(sent.sql().is_empty());
    assert_eq!(session[first].course_id, 1);
    assert_eq!(session[python].name, "changed");
    session[java].homeworks.push(first);
    session.commit().await?;
    assert_eq!(db.stored("SELECT course_id FROM homework ORDER BY id").await, ["2", "1"]);
    assert_eq!(db.stored("SELECT name FROM course WHERE id = 1").await, ["changed"]);
    Ok(())
}

#[tokio::test]
async fn u20_a_child_that_is_taken_out_and_deleted_needs_no_parent() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let (mut session, python, _) = loaded(&db).await?;
    let first = session[python].homeworks.handles()[0];
    session[python].homeworks.remove(first);
    session.delete(first)?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT id FROM homework").await, ["2"]);
    Ok(())
}

#[tokio::test]
async fn u20_a_collection_is_replaced_as_a_whole() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let boss = session.add(Person::builder().name("boss").reports(["a", "b"].map(|name| Person::builder().name(name))));
    let c = session.add(Person::builder().name("c"));
    session.commit().await?;
    let [a, b] = session[boss].reports.handles()[..] else { panic!("two reports") };
    session[boss].reports.set([b, c]);
    let sent = db.record();
    session.commit().await?;
    assert_eq!(sent.take().len(), 1, "one statement for the two that changed");
    assert_eq!(
        db.stored("SELECT name, boss_id FROM person ORDER BY name").await,
        ["a|NULL", "b|1", "boss|NULL", "c|1"]
    );
    assert_eq!(session[a].boss.get(), Some(None));
    assert_eq!(session[boss].reports.handles(), [b, c]);
    Ok(())
}

#[tokio::test]
async fn u20_a_collection_that_is_not_loaded_is_not_replaced() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let (mut session, python, _) = unloaded(&db).await?;
    session[python].homeworks.set([]);
    let error = session.commit().await.expect_err("what it replaces is not known");
    assert_eq!(error.kind(), ErrorKind::NotLoaded);
    assert!(error.to_string().contains("`Course::homeworks`"), "{error}");
    session.rollback().await?;
    session.load(&[python], Course::homeworks).await?;
    assert_eq!(session[python].homeworks.len(), 2);
    Ok(())
}

#[tokio::test]
async fn set_and_clear_write_the_key_of_a_belongs_to() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let people = session.add_all(["a", "b"].map(|name| Person::builder().name(name)));
    session.commit().await?;
    session[people[0]].boss.set(people[1]);
    session.commit().await?;
    assert_eq!(session[people[0]].boss_id, Some(2));
    session[people[0]].boss.clear();
    session.commit().await?;
    assert_eq!(session[people[0]].boss_id, None);
    assert_eq!(db.stored("SELECT boss_id FROM person").await, ["NULL", "NULL"]);
    Ok(())
}

#[tokio::test]
async fn clearing_a_key_that_must_be_set_is_refused() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let (mut session, python, _) = loaded(&db).await?;
    let first = session[python].homeworks.handles()[0];
    session[first].course.clear();
    let error = session.flush().await.expect_err("a homework needs a course");
    assert!(error.to_string().contains("`Homework::course`"), "{error}");
    assert!(!session.in_transaction());
    Ok(())
}

#[tokio::test]
async fn has_one_is_written_from_either_side() -> Result<()> {
    let db = TestDb::with::<(Account, Profile)>().await;
    let mut session = db.engine.session();
    let ann = session.add(Account::builder().login("ann").profile(Profile::builder().bio("first")));
    session.commit().await?;
    let first = session[ann].profile.handle().expect("it was added with the account");
    assert_eq!((session[first].account_id, session[first].account.handle()), (Some(1), Some(ann)));

    let second = session.add(Profile::builder().bio("second"));
    session.flush().await?;
    session[ann].profile.clear();
    session.flush().await?;
    assert_eq!(session[first].account_id, None);
    session[second].account.set(ann);
    session.flush().await?;
    assert_eq!(session[ann].profile.handle(), Some(second));
    session.commit().await?;
    assert_eq!(db.stored("SELECT bio, account_id FROM profile ORDER BY id").await, ["first|NULL", "second|1"]);

    let mut other = db.engine.session();
    let ann = other.query::<Account>().with(Account::profile).one().await?;
    let profile = other[ann].profile.handle().expect("it was loaded");
    assert_eq!(other[profile].bio, "second");
    Ok(())
}

#[tokio::test]
async fn has_one_replaces_the_one_that_was_loaded() -> Result<()> {
    let db = TestDb::with::<(Account, Profile)>().await;
    let mut session = db.engine.session();
    let ann = session.add(Account::builder().login("ann").profile(Profile::builder().bio("first")));
    session.commit().await?;
    let first = session[ann].profile.handle().expect("it was added with the account");
    let second = session.add(Profile::builder().bio("second"));
    session.commit().await?;
    session[ann].profile.set(second);
    session.commit().await?;
    assert_eq!(session[first].account_id, None);
    assert_eq!(db.stored("SELECT bio, account_id FROM profile ORDER BY id").await, ["first|NULL", "second|1"]);
    Ok(())
}

#[tokio::test]
async fn clearing_a_has_one_that_is_not_loaded_is_refused() -> Result<()> {
    let db = TestDb::with::<(Account, Profile)>().await;
    db.run("INSERT INTO account (login) VALUES ('ann'); INSERT INTO profile (bio, account_id) VALUES ('x', 1)").await;
    let mut session = db.engine.session();
    let ann = session.query::<Account>().one().await?;
    session[ann].profile.clear();
    let error = session.commit().await.expect_err("what it leaves is not known");
    assert_eq!(error.kind(), ErrorKind::NotLoaded);
    session.rollback().await?;
    session.load(&[ann], Account::profile).await?;
    session[ann].profile.clear();
    session.commit().await?;
    assert_eq!(db.stored("SELECT account_id FROM profile").await, ["NULL"]);
    Ok(())
}

#[tokio::test]
async fn collections_that_are_not_loaded_take_and_lose_children() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let people = session.add_all(["boss", "a", "b"].map(|name| Person::builder().name(name)));
    session.commit().await?;
    session[people[1]].boss.set(people[0]);
    session.commit().await?;

    let mut session = db.engine.session();
    let people = session.query::<Person>().order_by(Person::id.asc()).all().await?;
    let sent = db.record();
    session[people[0]].reports.push(people[2]);
    session[people[0]].reports.remove(people[1]);
    assert!(!session[people[0]].reports.is_loaded());
    session.commit().await?;
    assert_eq!(sent.sql().len(), 1, "two updates of one shape: {sent:?}");
    assert!(!session[people[0]].reports.is_loaded());
    assert_eq!(db.stored("SELECT name, boss_id FROM person ORDER BY id").await, ["boss|NULL", "a|NULL", "b|1"]);
    session.load(&[people[0]], Person::reports).await?;
    assert_eq!(session[people[0]].reports.handles(), [people[2]]);
    Ok(())
}

#[tokio::test]
async fn links_are_pushed_and_removed_without_loading() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    db.run("INSERT INTO tag (label) VALUES ('a'), ('b'); INSERT INTO course_tag (course_id, tag_id) VALUES (1, 1)")
        .await;
    let mut session = db.engine.session();
    let python = session.get::<Course>(1).await?.expect("it is there");
    let tags = session.query::<Tag>().order_by(Tag::id.asc()).all().await?;
    session[python].tags.push(tags[1]);
    session[python].tags.remove(tags[0]);
    session.commit().await?;
    assert_eq!(db.stored("SELECT * FROM course_tag").await, ["1|2"]);
    Ok(())
}

#[tokio::test]
async fn what_was_pushed_is_kept_when_the_collection_is_loaded_before_the_flush() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let (mut session, python, java) = unloaded(&db).await?;
    let first = session.get::<Homework>(1).await?.expect("it is there");
    session[java].homeworks.push(first);
    session.no_autoflush(async |session| session.load(&[python, java], Course::homeworks).await).await?;
    assert_eq!(session[java].homeworks.handles(), [first]);
    session.commit().await?;
    assert_eq!(db.stored("SELECT course_id FROM homework ORDER BY id").await, ["2", "1"]);
    Ok(())
}

#[tokio::test]
async fn push_takes_a_builder_that_names_no_parent() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let (mut session, python, _) = loaded(&db).await?;
    let third = session.push(python, Course::homeworks, Homework::builder().number(3).description("x"))?;
    assert_eq!(session.state(third), State::Pending);
    assert_eq!(session[third].course.handle(), Some(python));
    assert_eq!(session[python].homeworks.len(), 3);
    let label = Tag::builder().label("a");
    let tag = session.push(python, Course::tags, label)?;
    session.commit().await?;
    assert_eq!(session[third].course_id, 1);
    assert_eq!(session[tag].id.get(), Some(1));
    assert_eq!(db.stored("SELECT * FROM course_tag").await, ["1|1"]);
    Ok(())
}

#[tokio::test]
async fn push_takes_no_handle_of_another_session() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let (mut session, python, _) = loaded(&db).await?;
    let mut other = db.engine.session();
    let homework = other.query::<Homework>().first().await?.expect("there are two");
    let error = session.push(python, Course::homeworks, homework).expect_err("it is another session's");
    assert_eq!((error.kind(), error.model()), (ErrorKind::Detached, Some("Homework")));
    session[python].homeworks.push(homework);
    let error = session.flush().await.expect_err("it is another session's");
    assert_eq!(error.kind(), ErrorKind::Detached);
    assert!(error.to_string().contains("`Course::homeworks`"), "{error}");
    Ok(())
}

#[tokio::test]
async fn u26_two_keys_to_one_table_are_told_apart() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let [a, b, c] = ["a", "b", "c"].map(|name| session.add(Person::builder().name(name)));
    session.commit().await?;
    session[a].boss.set(b);
    session[a].mentor.set(c);
    session.commit().await?;
    assert_eq!((session[a].boss_id, session[a].mentor_id), (Some(2), Some(3)));
    assert_eq!(session[b].reports.handles(), [a]);
    assert!(session[c].reports.is_empty());
    session[c].reports.push(a);
    session.commit().await?;
    assert_eq!((session[a].boss.handle(), session[a].mentor.handle()), (Some(c), Some(c)));
    assert!(session[b].reports.is_empty());
    Ok(())
}

#[tokio::test]
async fn u24_the_childs_own_side_wins_and_the_other_collection_is_put_right() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let (mut session, python, java) = loaded(&db).await?;
    let rust = session.add(Course::builder().name("Rust"));
    session.commit().await?;
    let first = session[python].homeworks.handles()[0];
    session[java].homeworks.push(first);
    session[first].course.set(rust);
    session.commit().await?;
    assert_eq!(session[first].course_id, 3);
    assert_eq!(session[rust].homeworks.handles(), [first]);
    assert!(session[java].homeworks.is_empty());
    Ok(())
}

#[tokio::test]
async fn u20_a_child_that_was_pushed_anew_and_taken_out_of_a_collection_that_is_not_loaded_has_left_it() -> Result<()> {
    let db = TestDb::with::<School>().await;
    db.run(
        "INSERT INTO person (name, boss_id) VALUES ('boss', NULL), ('report', 1);
         INSERT INTO course (name) VALUES ('Python'); INSERT INTO tag (label) VALUES ('a');
         INSERT INTO course_tag (course_id, tag_id) VALUES (1, 1)",
    )
    .await;
    let mut session = db.engine.session();
    let people = session.query::<Person>().order_by(Person::id.asc()).all().await?;
    let (python, tag) = (session.query::<Course>().one().await?, session.query::<Tag>().one().await?);
    session[people[0]].reports.push(people[1]);
    session[people[0]].reports.remove(people[1]);
    session[python].tags.push(tag);
    session[python].tags.remove(tag);
    session.commit().await?;
    assert_eq!(session[people[1]].boss_id, None);
    assert_eq!(db.stored("SELECT boss_id FROM person").await, ["NULL", "NULL"]);
    assert!(db.stored("SELECT * FROM course_tag").await.is_empty());
    Ok(())
}

#[tokio::test]
async fn u20_taking_a_child_out_of_a_collection_that_it_is_not_in_changes_nothing() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let (mut session, python, java) = unloaded(&db).await?;
    let first = session.get::<Homework>(1).await?.expect("it is there");
    session[java].homeworks.remove(first);
    let sent = db.record();
    session.commit().await?;
    assert!(sent.sql().is_empty(), "{sent:?}");
    assert_eq!(session[first].course_id, session[python].id.get().unwrap_or(0));
    Ok(())
}

#[tokio::test]
async fn u22_a_pending_child_that_is_never_inserted_leaves_the_collections_of_others_too() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let reviewer = session.add(Person::builder().name("reviewer"));
    session.commit().await?;
    let homework = Homework::builder().number(1).description("x");
    let course = session.add(Course::builder().name("Python").homeworks([homework]));
    let homework = session[course].homeworks.handles()[0];
    session[reviewer].reviews.push(homework);
    session[course].homeworks.remove(homework);
    session.commit().await?;
    assert_eq!(session.state(homework), State::Transient);
    assert!(session[reviewer].reviews.is_empty());
    Ok(())
}

#[tokio::test]
async fn u20_empty_collections_send_nothing() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let (mut session, _, java) = loaded(&db).await?;
    let sent = db.record();
    assert!(session.add_all(Vec::<Course>::new()).is_empty());
    session[java].homeworks.set([]);
    session[java].tags.set([]);
    session.commit().await?;
    assert!(sent.take().is_empty());
    let new = session.add(Course::builder().name("new").homeworks(Vec::<Homework>::new()).tags(Vec::<Tag>::new()));
    session.commit().await?;
    assert_eq!(sent.take().len(), 1);
    assert!(session[new].homeworks.is_empty() && session[new].tags.is_empty());
    Ok(())
}
