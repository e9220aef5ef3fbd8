//! A many-to-many relationship without a model of its own gets its table with those of its ends.

use orm_core::prelude::*;
use orm_tests::TestDb;

#[derive(Model, Debug, Clone)]
#[model(table = "course")]
struct Course {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(through("course_tag", course_id, tag_name))]
    tags: HasMany<Tag>,
    #[model(through("prerequisite", course_id, "needs"))]
    needs: HasMany<Self>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "tag", schema = "marks")]
struct Tag {
    #[model(primary_key, length = 20)]
    name: String,
    #[model(through("course_tag", tag_name, course_id))]
    courses: HasMany<Course>,
}

#[test]
fn the_text() -> orm_core::Result<()> {
    let ddl = Metadata::of::<(Tag, Course)>()?.ddl();
    assert_eq!(
        ddl.lines().skip(3).collect::<Vec<_>>(),
        [
            r#"CREATE TABLE IF NOT EXISTS "course_tag" ("course_id" integer NOT NULL, "tag_name" varchar(20) NOT NULL, CONSTRAINT "course_tag_pkey" PRIMARY KEY ("course_id", "tag_name"), CONSTRAINT "course_tag_course_id_fkey" FOREIGN KEY ("course_id") REFERENCES "course" ("id") ON DELETE CASCADE, CONSTRAINT "course_tag_tag_name_fkey" FOREIGN KEY ("tag_name") REFERENCES "marks"."tag" ("name") ON DELETE CASCADE);"#,
            r#"CREATE TABLE IF NOT EXISTS "prerequisite" ("course_id" integer NOT NULL, "needs" integer NOT NULL, CONSTRAINT "prerequisite_pkey" PRIMARY KEY ("course_id", "needs"), CONSTRAINT "prerequisite_course_id_fkey" FOREIGN KEY ("course_id") REFERENCES "course" ("id") ON DELETE CASCADE, CONSTRAINT "prerequisite_needs_fkey" FOREIGN KEY ("needs") REFERENCES "course" ("id") ON DELETE CASCADE);"#,
            r#"CREATE INDEX IF NOT EXISTS "course_tag_tag_name_idx" ON "course_tag" ("tag_name");"#,
            r#"CREATE INDEX IF NOT EXISTS "prerequisite_needs_idx" ON "prerequisite" ("needs");"#,
        ]
    );
    // With one end alone it could not be created.
    assert!(!Metadata::of::<Tag>()?.ddl().contains("course_tag"));
    assert!(Metadata::of::<Course>()?.ddl().contains("prerequisite"));
    Ok(())
}

#[test]
fn two_ends_that_disagree_are_refused() {
    #[derive(Model, Debug, Clone)]
    struct Left {
        #[model(primary_key)]
        id: Auto<i32>,
        #[model(through("left_right", left_id, right_id))]
        rights: HasMany<Right>,
    }
    #[derive(Model, Debug, Clone)]
    struct Right {
        #[model(primary_key)]
        id: Auto<i32>,
        #[model(through("left_right", left_id, right_id))]
        lefts: HasMany<Left>,
    }
    let error = Metadata::of::<(Left, Right)>().unwrap_err();
    assert_eq!(error.kind(), orm_core::ErrorKind::Config);
    assert_eq!(
        error.to_string(),
        "two relationships disagree about link table `left_right`: `Right` (left_id) to `Left` (right_id), but `Left` (left_id) to `Right` (right_id)"
    );
}

#[tokio::test]
async fn it_is_used_from_both_ends() -> orm_core::Result<()> {
    let db = TestDb::with::<(Course, Tag)>().await;
    let mut session = db.engine.session();
    let course = session.add(Course::builder().tags([Tag::builder().name("rust"), Tag::builder().name("sql")]));
    session.commit().await?;
    assert_eq!(db.stored("SELECT * FROM course_tag ORDER BY 2").await, ["1|rust", "1|sql"]);
    let rust = session.get::<Tag>("rust".to_owned()).await?.expect("a tag");
    session.load(&[rust], Tag::courses).await?;
    assert_eq!(session[rust].courses.handles(), [course]);
    let found = db.engine.query::<Tag>().join(Tag::courses).filter(Course::id.eq(1)).count().await?;
    assert_eq!(found, 2);
    db.engine.drop_all::<(Course, Tag)>().await?;
    assert_eq!(db.stored("SELECT count(*) FROM pg_tables WHERE schemaname IN ('public', 'marks')").await, ["0"]);
    Ok(())
}
