//! Q3: relationships of every kind in projections.

use orm_core::prelude::*;
use orm_tests::TestDb;

#[derive(Model, Debug, Clone, PartialEq)]
struct Course {
    #[model(primary_key)]
    id: Auto<i32>,
    title: String,
    #[model(through("course_tag", course_id, tag_id), order_by = Tag::label)]
    tags: HasMany<Tag>,
    #[model(has_one = Outline::course)]
    outline: HasOne<Outline>,
    #[model(references = Course::id)]
    after_id: Option<i32>,
    #[model(belongs_to = after_id, backref = followers)]
    after: BelongsTo<Self>,
}

#[derive(Model, Debug, Clone, PartialEq)]
struct Tag {
    #[model(primary_key)]
    id: Auto<i32>,
    label: String,
    #[model(through("course_tag", tag_id, course_id))]
    courses: HasMany<Course>,
}

#[derive(Model, Debug, Clone, PartialEq)]
struct Outline {
    #[model(primary_key)]
    id: Auto<i32>,
    text: String,
    #[model(references = Course::id, unique)]
    course_id: i32,
    #[model(belongs_to = course_id)]
    course: BelongsTo<Course>,
    #[model(has_many = Point::outline)]
    points: HasMany<Point>,
}

/// With a key of two columns, one of which is the parent's.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(primary_key(outline_id, number))]
struct Point {
    #[model(references = Outline::id)]
    outline_id: i32,
    number: i32,
    #[model(belongs_to = outline_id)]
    outline: BelongsTo<Outline>,
    #[model(has_many = Remark::point)]
    remarks: HasMany<Remark>,
}

#[derive(Model, Debug, Clone, PartialEq)]
struct Remark {
    #[model(primary_key)]
    id: Auto<i32>,
    text: String,
    #[model(references = Point::outline_id)]
    outline_id: i32,
    #[model(references = Point::number)]
    number: i32,
    #[model(belongs_to = (outline_id, number))]
    point: BelongsTo<Point>,
}

async fn courses() -> TestDb {
    let db = TestDb::with::<(Course, Tag, Outline, Point, Remark)>().await;
    db.run(
        "INSERT INTO course (title, after_id) VALUES ('Basics', NULL), ('SQL', 1), ('ORM', 2), ('Rust', 1);
         INSERT INTO tag (label) VALUES ('new'), ('hard'), ('old');
         INSERT INTO course_tag (course_id, tag_id) VALUES (1, 3), (3, 1), (3, 2), (4, 2), (4, 1);
         INSERT INTO outline (text, course_id) VALUES ('all of it', 3), ('some', 1);
         INSERT INTO point (outline_id, number) VALUES (1, 1), (1, 2), (2, 1);
         INSERT INTO remark (text, outline_id, number) VALUES ('a', 1, 2), ('b', 2, 1), ('c', 1, 2)",
    )
    .await;
    db
}

#[derive(Projection, Debug, PartialEq)]
#[projection(model = Course)]
struct Tagged {
    title: String,
    tags: Vec<Label>,
    #[projection(relation = Course::tags.order_by(Tag::label.desc()).limit(1))]
    last: Vec<Label>,
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = Tag)]
struct Label {
    label: String,
    courses: Vec<Title>,
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = Course)]
struct Title {
    title: String,
}

#[tokio::test]
async fn q03_many_to_many_goes_through_its_table() {
    let db = courses().await;
    let record = db.record();
    let query = db.engine.query::<Course>().order_by(Course::id.asc()).project::<Tagged>();
    let found = query.all().await.unwrap();
    assert_eq!(record.statements().len(), 5);
    assert_eq!(
        record.statements()[1].sql(),
        concat!(
            r#"SELECT "course_tag"."course_id", "tag"."label", "tag"."id" FROM "tag" JOIN "course_tag" AS "course_tag" "#,
            r#"ON "course_tag"."tag_id" = "tag"."id" WHERE "course_tag"."course_id" = ANY ($1) "#,
            r#"ORDER BY "tag"."label", "tag"."id""#,
        )
    );
    let shown: Vec<String> = found
        .iter()
        .map(|course| {
            let labels = |labels: &[Label]| {
                let one = |label: &Label| {
                    let courses: Vec<&str> = label.courses.iter().map(|course| course.title.as_str()).collect();
                    format!("{}({})", label.label, courses.join(" "))
                };
                labels.iter().map(one).collect::<Vec<_>>().join(", ")
            };
            format!("{}: {} | {}", course.title, labels(&course.tags), labels(&course.last))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "Basics: old(Basics) | old(Basics)",
            "SQL:  | ",
            "ORM: hard(ORM Rust), new(ORM Rust) | new(ORM Rust)",
            "Rust: hard(ORM Rust), new(ORM Rust) | new(ORM Rust)",
        ]
    );
}

#[derive(Projection, Debug, PartialEq)]
#[projection(model = Course)]
struct Path {
    title: String,
    after: Option<Step>,
    followers: Vec<Title>,
    outline: Option<Text>,
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = Course)]
struct Step {
    title: String,
    after: Option<Title>,
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = Outline)]
struct Text {
    text: String,
    points: Vec<Numbered>,
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = Point)]
struct Numbered {
    number: i32,
    remarks: Vec<Said>,
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = Remark)]
struct Said {
    text: String,
}

#[tokio::test]
async fn q03_a_model_leads_to_itself_and_by_keys_of_several_columns() {
    let db = courses().await;
    let query = db.engine.query::<Course>().filter(Course::title.eq("ORM")).project::<Path>();
    let title = |title: &str| Title { title: title.to_owned() };
    let said = |text: &str| Said { text: text.to_owned() };
    assert_eq!(
        query.one().await.unwrap(),
        Path {
            title: "ORM".to_owned(),
            after: Some(Step { title: "SQL".to_owned(), after: Some(title("Basics")) }),
            followers: Vec::new(),
            outline: Some(Text {
                text: "all of it".to_owned(),
                points: vec![
                    Numbered { number: 1, remarks: Vec::new() },
                    Numbered { number: 2, remarks: vec![said("a"), said("c")] },
                ],
            }),
        }
    );
    let first =
        db.engine.query::<Course>().order_by(Course::id.asc()).project::<Path>().first().await.unwrap().unwrap();
    assert_eq!((first.after, first.followers), (None, vec![title("SQL"), title("Rust")]));
    assert_eq!(first.outline.map(|outline| outline.points.len()), Some(1));
}

#[tokio::test]
async fn q03_rows_that_share_an_end_each_get_it() {
    let db = courses().await;
    // A join brings a course several times.
    let query = db.engine.query::<Course>().join(Course::tags).order_by(Course::id.asc()).project::<Tagged>();
    let found = query.all().await.unwrap();
    let counts: Vec<_> = found.iter().map(|course| (course.title.as_str(), course.tags.len())).collect();
    assert_eq!(counts, [("Basics", 1), ("ORM", 2), ("ORM", 2), ("Rust", 2), ("Rust", 2)]);
}
