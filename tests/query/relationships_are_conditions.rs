//! Whether an object has related ones is a condition: by a collection, a parent, a link table, an alias.

use orm_core::prelude::*;
use orm_tests::TestDb;

#[derive(Model, Debug, Clone)]
#[model(table = "any_course")]
struct Course {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    #[model(through("any_course_tag", course_id, tag_id))]
    tags: HasMany<Tag>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "any_homework")]
struct Homework {
    #[model(primary_key)]
    id: Auto<i32>,
    number: i32,
    #[model(references = Course::id)]
    course_id: i32,
    #[model(belongs_to = course_id, backref = homeworks)]
    course: BelongsTo<Course>,
    #[model(references = Homework::id)]
    after_id: Option<i32>,
    #[model(belongs_to = after_id)]
    after: BelongsTo<Self>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "any_tag")]
struct Tag {
    #[model(primary_key)]
    id: Auto<i32>,
    label: String,
}

async fn filled() -> TestDb {
    let db = TestDb::with::<(Course, Homework, Tag)>().await;
    let mut session = db.engine.session();
    let python = session.add(Course::builder().name("Python").tags([Tag::builder().label("easy")]));
    session.add_all(["Java", "Rust"].map(|name| Course::builder().name(name)));
    let first = session.add(Homework::builder().number(1).course(python));
    session.add(Homework::builder().number(2).course(python).after(first));
    session.commit().await.expect("the rows are valid");
    db
}

async fn names(db: &TestDb, condition: Expr<bool, Course>) -> Vec<String> {
    let query = query::<Course>().filter(condition).order_by(Course::id.asc()).select(Course::name);
    db.engine.rows(query).await.expect("the query runs")
}

#[tokio::test]
async fn q17_a_collection_of_a_backref_is_a_condition() {
    let db = filled().await;
    assert_eq!(names(&db, Course::homeworks.any(Homework::number.gt(1))).await, ["Python"]);
    assert!(names(&db, Course::homeworks.any(Homework::number.gt(2))).await.is_empty());
    assert_eq!(names(&db, Course::homeworks.exists()).await, ["Python"]);
    assert_eq!(names(&db, Course::homeworks.none()).await, ["Java", "Rust"]);
}

#[tokio::test]
async fn q17_the_condition_may_read_both_ends() {
    let db = filled().await;
    let named = Course::homeworks.any(Homework::number.eq(2).and(Course::name.like("P%")));
    assert_eq!(names(&db, named).await, ["Python"]);
    let other = Course::homeworks.any(Homework::number.eq(2).and(Course::name.like("J%")));
    assert!(names(&db, other).await.is_empty());
}

#[tokio::test]
async fn q17_a_link_table_stands_between() {
    let db = filled().await;
    let easy = Course::tags.any(Tag::label.eq("easy"));
    assert_eq!(
        query::<Course>().filter(easy.clone()).to_sql(),
        r#"SELECT "any_course"."id", "any_course"."name" FROM "any_course" WHERE EXISTS (SELECT 1 FROM "any_tag" JOIN "any_course_tag" AS "any_course_tag" ON "any_course_tag"."tag_id" = "any_tag"."id" WHERE "any_course_tag"."course_id" = "any_course"."id" AND "any_tag"."label" = $1)"#,
    );
    assert_eq!(names(&db, easy).await, ["Python"]);
    assert_eq!(names(&db, Course::tags.none()).await, ["Java", "Rust"]);
}

#[tokio::test]
async fn q17_a_parent_and_a_relationship_to_itself_are_conditions() {
    let db = filled().await;
    let of_python = query::<Homework>().filter(Homework::course.any(Course::name.eq("Python")));
    assert_eq!(db.engine.query::<Homework>().count().await.expect("it runs"), 2);
    assert_eq!(of_python.on(&db.engine).count().await.expect("it runs"), 2);
    aliased!(let before = Homework);
    let followers = query::<Homework>().filter(Homework::after.any_as(&before, before.c.number.eq(1)));
    let numbers = db.engine.rows(followers.select(Homework::number)).await.expect("it runs");
    assert_eq!(numbers, [2]);
}
