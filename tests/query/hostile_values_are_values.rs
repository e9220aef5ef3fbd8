//! Values of any content go as parameters: the text of a statement does not change with them.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};
use orm_tests::TestDb;

use crate::models::{Person, School, Tag};

const HOSTILE: [&str; 8] = ["'; DROP TABLE tag; --", "\"", "\\", "\\'", "$1", "$$x$$", "%_%", ""];

#[tokio::test]
async fn hostile_texts_are_stored_and_found() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let sent = db.record();
    let megabyte = "ж'".repeat(350_000);
    let mut texts = std::collections::HashSet::new();
    for value in HOSTILE.iter().copied().chain([megabyte.as_str()]) {
        let mut session = db.engine.session();
        let tag = session.add(Tag::builder().label(value));
        session.commit().await?;
        assert_eq!(session[tag].label, value);
        let found = db.engine.query::<Tag>().filter(Tag::label.eq(value)).one().await?;
        assert_eq!(found.label, value);
        let found = db.engine.query::<Tag>().filter(Tag::label.in_([value])).all().await?;
        assert_eq!(found.len(), 1);
        session[tag].label = format!("{value}!");
        session.commit().await?;
        let back =
            db.engine.query::<Tag>().filter(Tag::label.eq(format!("{value}!"))).update(Tag::label.set(value)).await?;
        assert_eq!(back, 1);
        texts.extend(sent.take());
    }
    assert_eq!(texts.len(), 5, "{texts:#?}");
    assert_eq!(db.stored("SELECT count(*) FROM tag").await, ["9"]);
    Ok(())
}

#[tokio::test]
async fn a_nul_is_refused_with_the_name_of_the_column() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let sent = db.record();
    let refused = |error: orm_core::Error| {
        assert_eq!(
            (error.kind(), error.table(), error.column()),
            (ErrorKind::Encode, Some("tag"), Some("label")),
            "{error}"
        );
        assert!(error.to_string().contains("`tag.label`"), "{error}");
    };
    refused(db.engine.query::<Tag>().filter(Tag::label.eq("a\0")).all().await.expect_err("eq"));
    refused(db.engine.query::<Tag>().filter(Tag::label.like("a\0")).all().await.expect_err("like"));
    refused(db.engine.query::<Tag>().filter(Tag::label.in_(["a", "a\0"])).all().await.expect_err("in"));
    refused(db.engine.query::<Tag>().filter(Tag::label.between("a", "b\0")).all().await.expect_err("between"));
    refused(db.engine.query::<Tag>().filter(Tag::label.is_distinct_from("\0")).count().await.expect_err("distinct"));
    refused(db.engine.query::<Tag>().update(Tag::label.set("\0")).all_rows().await.expect_err("set"));
    let mut session = db.engine.session();
    refused(session.query::<Tag>().filter(Tag::label.ne("\0")).delete().await.expect_err("delete"));
    session.add(Tag::builder().label("\0"));
    refused(session.commit().await.expect_err("add"));
    assert!(sent.sql().is_empty(), "{sent:?}");
    Ok(())
}

#[tokio::test]
async fn a_value_that_is_too_long_is_refused_by_a_bulk_update_too() -> Result<()> {
    use crate::models::Course;
    let db = TestDb::with::<School>().await;
    let error = db.engine.query::<Course>().update(Course::name.set("x".repeat(41))).all_rows().await.expect_err("41");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Encode, Some("name")));
    Ok(())
}

#[tokio::test]
async fn errors_carry_no_values() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    session.add(Person::builder().id(1).name("secret"));
    session.commit().await?;
    session.add(Person::builder().name("secret").boss_id(987_654));
    let error = session.commit().await.expect_err("there is no such boss");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("secret") && !shown.contains("987654"), "{shown}");
    Ok(())
}
