//! `length` counts characters, not bytes, and is checked before anything is sent.

use orm_core::prelude::*;
use orm_core::types::Auto;
use orm_core::{Error, ErrorKind};
use orm_tests::TestDb;

use crate::said;

#[derive(Model, Debug, Clone)]
#[model(table = "note")]
struct Note {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(length = 5)]
    text: String,
    #[model(length = 5)]
    option: Option<String>,
    #[model(length = 5, default = "'made'")]
    made: Auto<String>,
}

#[track_caller]
fn too_long(error: &Error, column: &str) {
    let message = format!("the value for `note.{column}` is longer than 5 characters");
    said::check(error, ErrorKind::Encode, &[&message], &["абв", "s3cret"]);
    assert_eq!((error.model(), error.table(), error.column()), (Some("Note"), Some("note"), Some(column)));
}

#[tokio::test]
async fn the_limit_itself_is_fine() -> orm_core::Result<()> {
    let db = TestDb::with::<Note>().await;
    let mut session = db.engine.session();
    for text in ["абвгд", "12345", "👩👩👩👩👩", "e\u{301}e\u{301}e", ""] {
        session.add(Note::builder().text(text).option(text.to_owned()).made(text));
        session.commit().await?;
        session.add_all([Note::builder().text(text), Note::builder().text(text).made(text)]);
        session.commit().await?;
    }
    assert_eq!(db.engine.query::<Note>().count().await?, 15);
    let changed = db.engine.query::<Note>().filter(Note::id.eq(1)).update(Note::text.set("жжжжж")).await?;
    assert_eq!(changed, 1);
    Ok(())
}

#[tokio::test]
async fn one_more_is_too_long() -> orm_core::Result<()> {
    let db = TestDb::with::<Note>().await;
    let sent = db.record();
    for count in [1, 2] {
        let mut session = db.engine.session();
        session.add_all((0..count).map(|_| Note::builder().text("абвгде")));
        too_long(&session.commit().await.unwrap_err(), "text");
        let mut session = db.engine.session();
        session.add_all((0..count).map(|_| Note::builder().text("ok").option("s3cret".to_owned())));
        too_long(&session.commit().await.unwrap_err(), "option");
        let mut session = db.engine.session();
        session.add_all((0..count).map(|_| Note::builder().text("ok").made("s3cret")));
        too_long(&session.commit().await.unwrap_err(), "made");
    }
    let error = db.engine.query::<Note>().filter(Note::id.eq(1)).update(Note::text.set("абвгде")).await.unwrap_err();
    too_long(&error, "text");
    assert!(sent.sql().iter().all(|sql| sql == "BEGIN" || sql == "ROLLBACK"), "{sent:?}");
    Ok(())
}

#[tokio::test]
async fn a_change_is_checked_too() -> orm_core::Result<()> {
    let db = TestDb::with::<Note>().await;
    let mut session = db.engine.session();
    let note = session.add(Note::builder().text("ok"));
    session.commit().await?;
    session[note].text = "s3cret".into();
    too_long(&session.commit().await.unwrap_err(), "text");
    session[note].text = "short".into();
    session.commit().await?;
    assert_eq!(db.stored("SELECT text FROM note").await, ["short"]);
    Ok(())
}

/// A filter compares; it need not fit.
#[tokio::test]
async fn a_filter_may_be_longer() -> orm_core::Result<()> {
    let db = TestDb::with::<Note>().await;
    assert_eq!(db.engine.query::<Note>().filter(Note::text.eq("longer than that")).count().await?, 0);
    Ok(())
}
