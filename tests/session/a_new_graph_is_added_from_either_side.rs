//! New values enter with all new values that they hold, and their rows are written parents first.

use orm_core::prelude::*;
use orm_core::{Result, State};
use orm_tests::TestDb;

use crate::models::{Club, Course, Enrollment, Homework, Person, School, Student, Submission, Tag};

const HOMEWORKS: &str = "SELECT number, description, course_id FROM homework ORDER BY id";

fn tag(label: &str) -> Tag {
    Tag { id: Auto::Pending, label: label.into(), courses: HasMany::default() }
}

#[tokio::test]
async fn u01_a_parent_brings_its_new_children() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let sent = db.record();
    let course =
        session.add(Course::builder().name("Python").homeworks([
            Homework::builder().number(1).description("a"),
            Homework::builder().number(2).description("b"),
        ]));
    let homeworks = session[course].homeworks.handles();
    assert_eq!(session.state(homeworks[1]), State::Pending);
    session.commit().await?;
    assert_eq!(db.stored(HOMEWORKS).await, ["1|a|1", "2|b|1"]);
    assert_eq!(session[homeworks[1]].course_id, 1);
    assert_eq!(session[homeworks[1]].course.handle(), Some(course));
    assert_eq!(session[course].homeworks.handles(), homeworks);
    assert_eq!(sent.sql().len(), 4, "{sent:?}");
    Ok(())
}

#[tokio::test]
async fn u01_children_bring_their_new_parent() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let sent = db.record();
    let course = session.add(Course::builder().name("Python"));
    session.add_all((1..=3).map(|n| Homework::builder().number(n).description("x").course(course)));
    session.commit().await?;
    assert_eq!(db.stored(HOMEWORKS).await, ["1|x|1", "2|x|1", "3|x|1"]);
    assert_eq!(sent.sql().len(), 4, "{sent:?}");

    let fourth = session.add(Homework::builder().number(4).description("y").course(Course::builder().name("Java")));
    let java = session[fourth].course.handle().expect("the course was added with it");
    assert_eq!(session.state(java), State::Pending);
    session.commit().await?;
    assert_eq!(session[fourth].course_id, 2);
    assert_eq!(session[java].name, "Java");
    Ok(())
}

#[tokio::test]
async fn three_levels_are_three_statements() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let sent = db.record();
    session.add(Course::builder().name("Python").homeworks((1..=2).map(|n| {
        Homework::builder()
            .number(n)
            .description("x")
            .submissions((1..=2).map(|m| Submission::builder().body(format!("{n}.{m}"))))
    })));
    session.commit().await?;
    let rows = "SELECT s.body, h.number, c.name FROM submission s JOIN homework h ON h.id = s.homework_id \
                JOIN course c ON c.id = h.course_id ORDER BY s.id";
    assert_eq!(db.stored(rows).await, ["1.1|1|Python", "1.2|1|Python", "2.1|2|Python", "2.2|2|Python"]);
    assert_eq!(sent.sql().iter().filter(|sql| sql.contains("INSERT INTO")).count(), 3, "{sent:?}");
    Ok(())
}

#[tokio::test]
async fn a_child_of_a_new_child_brings_both_levels_above() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let homework = Homework::builder().number(1).description("x").course(Course::builder().name("Python"));
    let submission = session.add(Submission::builder().body("b").homework(homework));
    session.commit().await?;
    assert_eq!(session[submission].homework_id, 1);
    assert_eq!(db.stored(HOMEWORKS).await, ["1|x|1"]);
    Ok(())
}

#[tokio::test]
async fn u09_many_to_many_writes_the_ends_and_then_the_links_in_one_statement() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let sent = db.record();
    let python = session.add(Course::builder().name("Python").tags([tag("a"), tag("b")]));
    let shared = session[python].tags.handles()[0];
    let java = session.add(Course::builder().name("Java").tags([shared]));
    session.commit().await?;
    let links = "SELECT course_id, tag_id FROM course_tag ORDER BY 1, 2";
    assert_eq!(db.stored(links).await, ["1|1", "1|2", "2|1"]);
    let sent = sent.sql();
    assert_eq!(sent.len(), 5, "{sent:#?}");
    assert_eq!(
        sent[3],
        r#"INSERT INTO "course_tag" ("course_id", "tag_id") SELECT * FROM UNNEST ($1::integer[], $2::integer[]) ON CONFLICT DO NOTHING"#,
    );
    assert_eq!(session[shared].courses.handles(), [python, java]);
    Ok(())
}

#[tokio::test]
async fn u09_a_link_that_both_sides_say_is_written_once() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let python = session.add(Course::builder().name("Python"));
    let label = session.add(tag("a"));
    session[python].tags.push(label);
    session[label].courses.push(python);
    session.commit().await?;
    assert_eq!(db.stored("SELECT * FROM course_tag").await, ["1|1"]);
    Ok(())
}

#[tokio::test]
async fn u09_changing_links_touches_the_link_table_alone() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let python = session.add(Course::builder().name("Python").tags([tag("a"), tag("b")]));
    let third = session.add(tag("c"));
    session.commit().await?;
    let first = session[python].tags.handles()[0];
    let sent = db.record();
    session[python].tags.remove(first);
    session[python].tags.push(third);
    session.commit().await?;
    assert_eq!(
        sent.sql(),
        [
            "BEGIN",
            concat!(
                r#"DELETE FROM "course_tag" AS "target" USING UNNEST ($1::integer[], $2::integer[]) AS "input" ("course_id", "tag_id") "#,
                r#"WHERE "target"."course_id" = "input"."course_id" AND "target"."tag_id" = "input"."tag_id""#,
            ),
            r#"INSERT INTO "course_tag" ("course_id", "tag_id") SELECT * FROM UNNEST ($1::integer[], $2::integer[]) ON CONFLICT DO NOTHING"#,
            "COMMIT",
        ],
    );
    assert_eq!(db.stored("SELECT * FROM course_tag ORDER BY 2").await, ["1|2", "1|3"]);
    assert_eq!(session[third].courses.get(), Some(vec![python]));
    assert_eq!(session[first].courses.get(), Some(vec![]));
    Ok(())
}

#[tokio::test]
async fn many_to_many_through_a_link_model_writes_its_rows() -> Result<()> {
    let db = TestDb::with::<(Student, Club, Enrollment)>().await;
    let mut session = db.engine.session();
    let club = |name: &str| Club::builder().name(name);
    let ann = session.add(Student::builder().name("Ann").clubs([club("chess"), club("go")]));
    session.commit().await?;
    assert_eq!(
        db.stored("SELECT student_id, club_id, role FROM enrollment ORDER BY 2").await,
        ["1|1|NULL", "1|2|NULL"]
    );
    let chess = session[ann].clubs.handles()[0];
    session[ann].clubs.remove(chess);
    session.commit().await?;
    assert_eq!(db.stored("SELECT student_id, club_id FROM enrollment").await, ["1|2"]);

    let member = session.add(Enrollment::builder().student(ann).club(chess).role("captain".to_owned()));
    session.commit().await?;
    assert_eq!((session[member].student_id, session[member].club_id), (1, 1));
    let mut other = db.engine.session();
    let ann = other.query::<Student>().with(Student::clubs).with(Student::enrollments).one().await?;
    assert_eq!(other[ann].clubs.len(), 2);
    assert_eq!(other[ann].enrollments.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_handle_stands_for_its_object_in_a_builder() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let reviewer = session.add(Person::builder().name("Ann"));
    let homework = session
        .add(Homework::builder().number(1).description("x").course(Course::builder().name("P")).reviewer(reviewer));
    session.commit().await?;
    assert_eq!(session[homework].reviewer_id, Some(1));
    assert_eq!(db.stored("SELECT reviewer_id FROM homework").await, ["1"]);
    Ok(())
}

#[tokio::test]
async fn a_graph_is_moved_about_before_and_after_it_is_written() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let s = &mut session;
    let names = ["one".to_owned(), "two".to_owned()];
    let c = s.add(
        Course::builder()
            .name("x")
            .homeworks(names.iter().map(|n| Homework::builder().number(1).description(n.as_str()))),
    );
    let h = s.add(Homework::builder().number(1).description("y").course(Course::builder().name("new parent")));
    let d = s.add(Course::builder().name("y").homeworks([h]).tags([tag("t")]));
    s[h].course.set(c);
    let kid = s[c].homeworks.handles()[0];
    s[c].homeworks.remove(kid);
    s[d].homeworks.push(kid);
    let t = s.add(tag("t2"));
    s[c].tags.push(t);
    s[d].tags.remove(t);
    s[h].reviewer.clear();
    s.commit().await?;
    let rows = "SELECT h.description, c.name FROM homework h JOIN course c ON c.id = h.course_id ORDER BY 1";
    assert_eq!(db.stored(rows).await, ["one|y", "two|x", "y|x"]);
    assert_eq!(db.stored("SELECT c.name, t.label FROM course_tag JOIN course c ON c.id = course_id JOIN tag t ON t.id = tag_id ORDER BY 1").await, ["x|t2", "y|t"]);
    assert_eq!(s[kid].course.handle(), Some(d));
    assert_eq!(s[d].homeworks.get().map(|list| list.contains(&h)), Some(false), "the child's own side wins");
    Ok(())
}

#[tokio::test]
async fn u24_the_relationship_wins_over_the_key_column() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let first = session.add(Course::builder().name("first"));
    let second = session.add(Course::builder().name("second"));
    session.commit().await?;
    let homework = session.add(Homework::builder().number(1).description("x").course_id(1).course(second));
    session.commit().await?;
    assert_eq!(session[homework].course_id, 2);

    session[homework].course_id = 2;
    session[homework].course.set(first);
    session.commit().await?;
    assert_eq!(session[homework].course_id, 1);

    // Untouched, the relationship lets the key column stand, and follows it.
    session[homework].course_id = 2;
    session.commit().await?;
    assert_eq!(session[homework].course.handle(), Some(second));
    assert_eq!(db.stored("SELECT course_id FROM homework").await, ["2"]);
    Ok(())
}

#[tokio::test]
async fn u04_rows_that_are_tied_by_key_values_alone_are_ordered_too() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    session.add(Homework::builder().number(1).description("x").course_id(7));
    session.add(Course::builder().id(7).name("seven"));
    session.add(Person::builder().id(5).name("report").boss_id(6));
    session.add(Person::builder().id(6).name("boss"));
    session.commit().await?;
    assert_eq!(db.stored("SELECT course_id FROM homework").await, ["7"]);
    assert_eq!(db.stored("SELECT id, boss_id FROM person ORDER BY 1").await, ["5|6", "6|NULL"]);
    Ok(())
}

#[tokio::test]
async fn u23_a_handle_of_an_object_that_was_rolled_back_is_refused_as_a_child() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let homework = session.add(Homework::builder().number(1).description("x").course(Course::builder().name("P")));
    session.rollback().await?;
    let course = session.add(Course::builder().name("Q").homeworks([homework]));
    let sent = db.record();
    let error = session.flush().await.expect_err("the homework is not in the session any more");
    assert_eq!(error.kind(), orm_core::ErrorKind::Invalid);
    assert!(error.to_string().contains("`Homework`"), "{error}");
    assert!(sent.sql().is_empty());
    assert_eq!(session.state(course), State::Pending);
    Ok(())
}
