//! Columns that the server sets with the insert, and those that every update sets: they come back with the statement.

use chrono::{DateTime, Utc};
use orm_core::Result;
use orm_core::prelude::*;
use orm_tests::TestDb;

use crate::models::Page;

/// Three pages.
async fn pages(engine: &Engine) -> Result<()> {
    let mut session = engine.session();
    session.add_all(["a", "b", "c"].map(|title| Page::builder().title(title)));
    session.commit().await
}

async fn all(session: &mut Session) -> Result<Vec<Handle<Page>>> {
    session.query::<Page>().order_by(Page::id.asc()).all().await
}

fn noon() -> DateTime<Utc> {
    "2020-01-01T12:00:00Z".parse().expect("a time")
}

const CHANGES: &str = r#"SELECT title, "quo""ted", updated_at > created_at FROM page ORDER BY id"#;

#[tokio::test]
async fn u49_what_the_insert_makes_comes_back_with_it() -> Result<()> {
    let db = TestDb::with::<Page>().await;
    let mut session = db.engine.session();
    let sent = db.record();
    let one = session.add(Page::builder().title("a"));
    session.commit().await?;
    let several = session.add_all(["b", "c", "d"].map(|title| Page::builder().title(title)));
    let given = session.add(Page::builder().title("e").created_at(noon()).changes(7));
    session.commit().await?;
    assert_eq!(sent.sql().len(), 6, "two inserts: {:?}", sent.sql());
    for handle in several.into_iter().chain([one]) {
        let page = &session[handle];
        assert!(page.created_at.get().is_some() && page.created_at == page.updated_at);
        assert_eq!(page.changes.get(), Some(0));
    }
    assert_eq!((session[given].created_at.get(), session[given].changes.get()), (Some(noon()), Some(7)));
    Ok(())
}

#[tokio::test]
async fn u49_an_update_sets_the_column_and_reads_it_back() -> Result<()> {
    let db = TestDb::with::<Page>().await;
    pages(&db.engine).await?;
    let mut session = db.engine.session();
    let pages = all(&mut session).await?;
    let sent = db.record();
    session[pages[0]].title = "A".into();
    session.commit().await?;
    assert_eq!(
        sent.sql(),
        [
            "BEGIN",
            concat!(
                r#"UPDATE "page" SET "title" = $1, "updated_at" = clock_timestamp(), "quo""ted" = "quo""ted" + 1 "#,
                r#"WHERE "id" = $2 RETURNING "updated_at", "quo""ted""#,
            ),
            "COMMIT",
        ],
    );
    let page = &session[pages[0]];
    assert_eq!(page.changes.get(), Some(1));
    assert!(page.updated_at > page.created_at);
    assert_eq!(db.stored(CHANGES).await, ["A|1|t", "b|0|f", "c|0|f"]);
    Ok(())
}

#[tokio::test]
async fn u49_a_batch_sets_the_column_of_each_row() -> Result<()> {
    let db = TestDb::with::<Page>().await;
    pages(&db.engine).await?;
    let mut session = db.engine.session();
    let pages = all(&mut session).await?;
    let sent = db.record();
    for &page in &pages {
        session[page].title.push('!');
    }
    session.commit().await?;
    assert_eq!(
        sent.sql()[1],
        concat!(
            r#"UPDATE "page" AS "target" SET "title" = "input"."v0", "updated_at" = clock_timestamp(), "#,
            r#""quo""ted" = "quo""ted" + 1 FROM UNNEST ($1::integer[], $2::text[]) WITH ORDINALITY "#,
            r#"AS "input" ("k0", "v0", "n") WHERE "target"."id" = "input"."k0" "#,
            r#"RETURNING "input"."n", "target"."updated_at", "target"."quo""ted""#,
        ),
    );
    assert_eq!(sent.sql().len(), 3);
    for &page in &pages {
        assert_eq!(session[page].changes.get(), Some(1));
        assert!(session[page].updated_at > session[page].created_at);
    }
    assert_eq!(db.stored(CHANGES).await, ["a!|1|t", "b!|1|t", "c!|1|t"]);
    Ok(())
}

#[tokio::test]
async fn u49_what_the_change_sets_by_hand_stays() -> Result<()> {
    let db = TestDb::with::<Page>().await;
    pages(&db.engine).await?;
    let mut session = db.engine.session();
    let pages = all(&mut session).await?;
    session[pages[0]].updated_at = noon().into();
    session[pages[0]].changes = 40.into();
    session[pages[1]].title = "B".into();
    session.commit().await?;
    assert_eq!(session[pages[0]].updated_at.get(), Some(noon()));
    assert_eq!((session[pages[0]].changes.get(), session[pages[1]].changes.get()), (Some(40), Some(1)));
    assert_eq!(db.stored(CHANGES).await, ["a|40|f", "B|1|t", "c|0|f"]);
    Ok(())
}

#[tokio::test]
async fn u49_a_row_of_which_nothing_changed_is_not_touched() -> Result<()> {
    let db = TestDb::with::<Page>().await;
    pages(&db.engine).await?;
    let mut session = db.engine.session();
    let pages = all(&mut session).await?;
    let sent = db.record();
    session[pages[0]].title = "a".into();
    session.commit().await?;
    assert!(sent.sql().is_empty());
    assert_eq!(db.stored(CHANGES).await, ["a|0|f", "b|0|f", "c|0|f"]);
    Ok(())
}

#[tokio::test]
async fn u49_a_bulk_update_sets_the_column_too() -> Result<()> {
    let db = TestDb::with::<Page>().await;
    pages(&db.engine).await?;
    let update = query::<Page>().filter(Page::id.eq(1)).update(Page::title.set("A"));
    assert_eq!(
        update.to_sql(),
        concat!(
            r#"UPDATE "page" SET "title" = $1, "updated_at" = clock_timestamp(), "quo""ted" = "quo""ted" + 1 "#,
            r#"WHERE "page"."id" = $2"#,
        ),
    );
    let by_hand = query::<Page>().update((Page::changes.set(9), Page::updated_at.set(noon()))).all_rows();
    assert_eq!(by_hand.to_sql(), r#"UPDATE "page" SET "quo""ted" = $1, "updated_at" = $2"#);
    db.engine.query::<Page>().filter(Page::id.eq(1)).update(Page::title.set("A")).await?;
    let mut session = db.engine.session();
    let pages = all(&mut session).await?;
    session.query::<Page>().filter(Page::id.le(2)).update(Page::title.set("B")).await?;
    let changes = pages.iter().map(|&page| session[page].changes.get()).collect::<Vec<_>>();
    assert_eq!(changes, [Some(2), Some(1), Some(0)]);
    assert!(session[pages[1]].updated_at > session[pages[1]].created_at);
    session.commit().await?;
    assert_eq!(db.stored(CHANGES).await, ["B|2|t", "B|1|t", "c|0|f"]);
    Ok(())
}

#[tokio::test]
async fn u49_rolling_back_and_failing_take_what_was_set_back() -> Result<()> {
    let db = TestDb::with::<Page>().await;
    pages(&db.engine).await?;
    db.run("ALTER TABLE page ADD CHECK (title <> 'bad')").await;
    let mut session = db.engine.session();
    let pages = all(&mut session).await?;
    let before = session[pages[0]].updated_at;
    session[pages[0]].title = "A".into();
    session.flush().await?;
    assert_eq!(session[pages[0]].changes.get(), Some(1));
    session.rollback().await?;
    assert_eq!((session[pages[0]].changes.get(), session[pages[0]].updated_at), (Some(0), before));
    session[pages[0]].title = "A".into();
    session.flush().await?;
    session[pages[1]].title = "bad".into();
    assert!(session.commit().await.expect_err("it is checked").is_check_violation());
    assert_eq!((session[pages[0]].title.as_str(), session[pages[0]].changes.get()), ("A", Some(0)));
    assert_eq!(session[pages[0]].updated_at, before);
    session[pages[1]].title = "good".into();
    session.commit().await?;
    assert_eq!(db.stored(CHANGES).await, ["A|1|t", "good|1|t", "c|0|f"]);
    Ok(())
}

#[tokio::test]
async fn u49_a_row_that_changes_hands_is_updated() -> Result<()> {
    let db = TestDb::with::<Page>().await;
    pages(&db.engine).await?;
    let mut session = db.engine.session();
    let pages = all(&mut session).await?;
    session.delete(pages[0])?;
    let new = session.add(Page::builder().id(1).title("new"));
    session.commit().await?;
    assert_eq!(session[new].changes.get(), Some(1));
    assert_eq!(db.stored(CHANGES).await, ["new|1|t", "b|0|f", "c|0|f"]);
    Ok(())
}

/// Who changed it last, by a key that the server sets.
#[derive(Model, Debug, Clone)]
#[model(table = "memo")]
struct Memo {
    #[model(primary_key)]
    id: Auto<i32>,
    body: String,
    #[model(references = Page::id, on_update = "current_setting('memo.page')::integer")]
    page_id: Option<i32>,
    #[model(belongs_to = page_id)]
    page: BelongsTo<Page>,
    #[model(on_update = "now()")]
    changed_at: Option<DateTime<Utc>>,
}

#[tokio::test]
async fn u49_a_foreign_key_may_be_set_by_every_update() -> Result<()> {
    let db = TestDb::with::<(Page, Memo)>().await;
    pages(&db.engine).await?;
    let mut session = db.engine.session();
    let pages = all(&mut session).await?;
    let memo = session.add(Memo::builder().body("x"));
    session.commit().await?;
    assert_eq!((session[memo].page_id, session[memo].changed_at), (None, None));
    session.raw().await?.batch_execute("SET LOCAL memo.page = 2").await.expect("a setting");
    session[memo].body = "y".into();
    session.flush().await?;
    assert_eq!((session[memo].page_id, session[memo].page.handle()), (Some(2), Some(pages[1])));
    assert!(session[memo].changed_at.is_some());
    session.commit().await?;
    assert_eq!(db.stored("SELECT page_id FROM memo").await, ["2"]);
    Ok(())
}

/// Says how it was written last.
#[derive(Model, Debug, Clone)]
#[model(table = "label")]
struct Label {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(unique)]
    text: String,
    colour: String,
    #[model(default = "'inserted'", on_update = "'updated'")]
    written: Auto<String>,
}

#[tokio::test]
async fn u49_an_upsert_sets_the_column_of_the_rows_that_it_updates() -> Result<()> {
    let db = TestDb::with::<Label>().await;
    let mut session = db.engine.session();
    session.add(Label::builder().text("a").colour("red"));
    session.commit().await?;
    let labels = ["a", "b"].map(|text| Label::builder().text(text).colour("blue"));
    let done = session.upsert(labels, Label::text).await?;
    let written: Vec<_> = done.handles().iter().map(|&label| session[label].written.to_string()).collect();
    assert_eq!(written, ["updated", "inserted"]);
    session.upsert([Label::builder().text("a").colour("red").written("by hand")], Label::text).await?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT text, written FROM label ORDER BY id").await, ["a|by hand", "b|inserted"]);
    Ok(())
}

#[tokio::test]
async fn u49_what_is_new_and_changed_before_a_failed_flush_is_written_as_it_was_meant() -> Result<()> {
    let db = TestDb::with::<Page>().await;
    db.run("ALTER TABLE page ADD CHECK (title <> 'bad')").await;
    let mut session = db.engine.session();
    let page = session.add(Page::builder().title("a"));
    session.flush().await?;
    session[page].title = "A".into();
    session.flush().await?;
    assert_eq!(session[page].changes.get(), Some(1));
    let bad = session.add(Page::builder().title("bad"));
    assert!(session.flush().await.expect_err("it is checked").is_check_violation());
    assert!(session[page].changes.is_pending(), "it is new again");
    session[bad].title = "good".into();
    session.commit().await?;
    assert_eq!(db.stored(CHANGES).await, ["A|0|f", "good|0|f"]);
    Ok(())
}
