//! `#[derive(Newtype)]`: keys and foreign keys of types of one's own.

use orm_core::Newtype;
use orm_core::prelude::*;
use orm_tests::TestDb;
use uuid::Uuid;

use crate::round_trip;

#[derive(Newtype, Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct CourseId(i32);

#[derive(Newtype, Debug, Clone, PartialEq, Eq, Hash)]
struct Slug {
    text: String,
}

#[derive(Newtype, Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Token(Uuid);

round_trip!(numbers: CourseId, "integer", [CourseId(0), CourseId(i32::MIN), CourseId(i32::MAX)]);
round_trip!(texts: Slug, "text", [Slug { text: String::new() }, Slug { text: "ж".into() }]);
round_trip!(uuids: Token, "uuid", [Token(Uuid::nil()), Token(Uuid::max())]);

#[derive(Model, Debug, Clone)]
#[model(table = "course")]
struct Course {
    #[model(primary_key)]
    id: Auto<CourseId>,
    #[model(unique)]
    slug: Slug,
    #[model(has_many = Lesson::course)]
    lessons: HasMany<Lesson>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "lesson")]
struct Lesson {
    #[model(primary_key)]
    token: Token,
    #[model(references = Course::id)]
    course_id: CourseId,
    #[model(belongs_to = course_id)]
    course: BelongsTo<Course>,
    #[model(references = Lesson::token)]
    previous: Option<Token>,
}

#[tokio::test]
async fn it_is_filled_in_and_found() -> orm_core::Result<()> {
    let db = TestDb::with::<(Course, Lesson)>().await;
    let mut session = db.engine.session();
    let (first, second) = (Token(Uuid::from_u128(1)), Token(Uuid::from_u128(2)));
    let course = session.add(
        Course::builder()
            .slug("rust".to_owned().into_slug())
            .lessons([Lesson::builder().token(first), Lesson::builder().token(second).previous(first)]),
    );
    session.commit().await?;
    assert_eq!(session[course].id.get(), Some(CourseId(1)));
    assert_eq!(
        db.stored("SELECT * FROM lesson ORDER BY 1").await,
        [
            "00000000-0000-0000-0000-000000000001|1|NULL",
            "00000000-0000-0000-0000-000000000002|1|00000000-0000-0000-0000-000000000001"
        ]
    );
    let mut session = db.engine.session();
    let lesson = session.get::<Lesson>(second).await?.expect("a lesson");
    assert_eq!(session[lesson].course_id, CourseId(1));
    let found = session.query::<Lesson>().filter(Lesson::course_id.eq(CourseId(1))).all().await?;
    assert_eq!(found.len(), 2);
    let joined = db
        .engine
        .query::<Course>()
        .join(Course::lessons)
        .filter(Course::slug.eq("rust".to_owned().into_slug()))
        .filter(Lesson::previous.is_not_null())
        .count()
        .await?;
    assert_eq!(joined, 1);
    let course = session.get::<Course>(CourseId(1)).await?.expect("a course");
    session.load(&[course], Course::lessons).await?;
    assert_eq!(session[course].lessons.handles().len(), 2);
    Ok(())
}

trait IntoSlug {
    fn into_slug(self) -> Slug;
}

impl IntoSlug for String {
    fn into_slug(self) -> Slug {
        Slug::from(self)
    }
}
