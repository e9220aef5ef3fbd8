//! Models that mark their rows as deleted: by the flush, in bulk, with their children; and how such rows come back or go.

use std::collections::HashSet;

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};
use orm_tests::TestDb;

use crate::models::{Author, Authorship, Lamp, Library, Shelf, Sticker, Volume, a_shelf};

const VOLUMES: &str = r#"SELECT title, "del""eted" IS NOT NULL, changes FROM volume ORDER BY id"#;
const SHELVES: &str = "SELECT name, deleted_at IS NOT NULL, version FROM shelf ORDER BY id";
const LINKS: &str = "SELECT volume_id, author_id, deleted_at IS NOT NULL FROM authorship ORDER BY 1, 2";

async fn library() -> Result<TestDb> {
    let db = TestDb::with::<Library>().await;
    a_shelf(&db.engine).await?;
    Ok(db)
}

async fn volumes(session: &mut Session) -> Result<Vec<Handle<Volume>>> {
    session.query::<Volume>().order_by(Volume::id.asc()).all().await
}

#[tokio::test]
async fn u49_deleting_marks_the_row() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let volumes = volumes(&mut session).await?;
    let sent = db.record();
    session.delete(volumes[1])?;
    assert_eq!(session.deleted_objects::<Volume>(), [volumes[1]]);
    session.flush().await?;
    assert_eq!(
        sent.sql()[1],
        concat!(
            r#"UPDATE "volume" AS "target" SET "del""eted" = now(), "changes" = changes + 1 "#,
            r#"FROM UNNEST ($1::integer[]) WITH ORDINALITY AS "input" ("k0", "n") "#,
            r#"WHERE "target"."id" = "input"."k0" RETURNING "input"."n", "target"."del""eted", "target"."changes""#,
        ),
    );
    assert_eq!(session.state(volumes[1]), State::Deleted);
    assert!(session[volumes[1]].deleted_at.is_some());
    assert_eq!(session[volumes[1]].changes.get(), Some(1));
    assert_eq!(session.get::<Volume>(2).await?, None);
    session.commit().await?;
    assert_eq!(session.state(volumes[1]), State::Detached);
    assert_eq!(session.get::<Volume>(2).await?, None);
    assert_eq!(session.get_many::<Volume>([1, 2]).await?, [Some(volumes[0]), None]);
    assert_eq!(db.stored(VOLUMES).await, ["A|f|0", "B|t|1", "C|f|0"]);
    Ok(())
}

#[tokio::test]
async fn u49_several_rows_are_marked_in_one_statement_and_leave_collections() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let shelf = session.query::<Shelf>().with(Shelf::volumes).one().await?;
    let volumes = session[shelf].volumes.handles();
    let extra = session.push(shelf, Shelf::volumes, Volume::builder().title("D"))?;
    session.commit().await?;
    let sent = db.record();
    for volume in [volumes[2], volumes[0], volumes[1]] {
        session.delete(volume)?;
    }
    session.flush().await?;
    assert_eq!(sent.sql().len(), 2, "{:?}", sent.sql());
    assert_eq!(session[shelf].volumes.handles(), [extra]);
    session.rollback().await?;
    assert_eq!(session[shelf].volumes.handles(), [volumes[0], volumes[1], volumes[2], extra]);
    for &volume in &volumes {
        assert_eq!((session.state(volume), session[volume].deleted_at), (State::Persistent, None));
        assert_eq!(session[volume].changes.get(), Some(0));
    }
    assert_eq!(session.get::<Volume>(1).await?, Some(volumes[0]));
    assert_eq!(db.stored(VOLUMES).await, ["A|f|0", "B|f|0", "C|f|0", "D|f|0"]);
    Ok(())
}

#[tokio::test]
async fn u49_a_version_is_checked_and_raised() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let shelf = session.query::<Shelf>().one().await?;
    db.run("UPDATE shelf SET version = 5").await;
    session.delete(shelf)?;
    let error = session.commit().await.expect_err("it has changed");
    assert_eq!((error.kind(), error.model()), (ErrorKind::StaleData, Some("Shelf")));
    assert_eq!(session.state(shelf), State::Persistent);
    assert_eq!(session.deleted_objects::<Shelf>(), [shelf]);
    assert_eq!(db.stored(SHELVES).await, ["left|f|5"]);
    session.rollback().await?;
    session.refresh(&[shelf]).await?;
    session.delete(shelf)?;
    session.flush().await?;
    assert_eq!(session[shelf].version, 6);
    session.commit().await?;
    assert_eq!(db.stored(SHELVES).await, ["left|t|6"]);
    Ok(())
}

#[tokio::test]
async fn u49_children_follow_the_rule_of_their_relationship() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let shelf = session.query::<Shelf>().with(Shelf::volumes).with(Shelf::stickers).with(Shelf::lamps).one().await?;
    let (volumes, stickers) = (session[shelf].volumes.handles(), session[shelf].stickers.handles());
    let lamp = session[shelf].lamps.handles()[0];
    session.delete(volumes[0])?;
    session.commit().await?;
    let sent = db.record();
    session.delete(shelf)?;
    session.flush().await?;
    assert_eq!(
        sent.sql()[1..3],
        [
            concat!(
                r#"UPDATE "volume" SET "del""eted" = now(), "changes" = changes + 1 WHERE "volume"."shelf_id" = ANY ($1) "#,
                r#"AND "volume"."del""eted" IS NULL RETURNING "volume"."id", "volume"."del""eted", "volume"."changes""#,
            ),
            r#"DELETE FROM "sticker" WHERE "sticker"."shelf_id" = ANY ($1) RETURNING "sticker"."id""#,
        ],
    );
    assert_eq!(sent.sql().len(), 4);
    assert_eq!(session.state(volumes[1]), State::Deleted);
    assert!(session[volumes[1]].deleted_at.is_some());
    assert_eq!(session.state(stickers[0]), State::Deleted);
    assert_eq!((session.state(lamp), session[lamp].shelf_id), (State::Persistent, Some(1)));
    assert_eq!(session[lamp].shelf.handle(), None, "it leads to no object");
    session.rollback().await?;
    assert_eq!((session.state(volumes[1]), session[volumes[1]].deleted_at), (State::Persistent, None));
    assert_eq!(session[shelf].volumes.handles(), volumes[1..]);
    session.delete(shelf)?;
    session.commit().await?;
    assert_eq!(db.stored(VOLUMES).await, ["A|t|1", "B|t|1", "C|t|1"]);
    assert_eq!(db.stored("SELECT * FROM sticker").await, [""; 0]);
    assert_eq!(db.stored("SELECT shelf_id, changes FROM lamp").await, ["1|0"]);
    Ok(())
}

#[tokio::test]
async fn u49_an_orphan_is_marked() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let shelf = session.query::<Shelf>().with(Shelf::volumes).one().await?;
    let volumes = session[shelf].volumes.handles();
    session[shelf].volumes.remove(volumes[0]);
    session.commit().await?;
    assert_eq!(session.state(volumes[0]), State::Detached);
    assert_eq!(db.stored(VOLUMES).await, ["A|t|1", "B|f|0", "C|f|0"]);
    Ok(())
}

#[tokio::test]
async fn u49_a_row_that_really_goes_takes_its_children_with_it_really() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let volumes = volumes(&mut session).await?;
    session.delete(volumes[0])?;
    session.commit().await?;
    let shelf = session.query::<Shelf>().one().await?;
    let lamp = session.query::<Lamp>().one().await?;
    session.delete_permanently(shelf)?;
    session.flush().await?;
    assert_eq!(session.state(volumes[1]), State::Deleted);
    assert_eq!((session[lamp].shelf_id, session[lamp].changes.get()), (None, Some(1)));
    session.commit().await?;
    for table in ["shelf", "volume", "sticker"] {
        assert_eq!(db.stored(&format!("SELECT * FROM {table}")).await, [""; 0], "{table}");
    }
    assert_eq!(db.stored("SELECT shelf_id, changes FROM lamp").await, ["NULL|1"]);
    Ok(())
}

#[tokio::test]
async fn u49_one_object_goes_permanently_also_after_it_was_marked() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let volumes = volumes(&mut session).await?;
    let shelf = session.query::<Shelf>().one().await?;
    session.query::<Sticker>().delete().all_rows().await?;
    session.query::<Lamp>().delete().all_rows().await?;
    session.delete(volumes[0])?;
    session.delete(volumes[1])?;
    session.delete(shelf)?;
    session.flush().await?;
    session.delete_permanently(volumes[0])?;
    session.delete_permanently(volumes[2])?;
    session.delete_permanently(shelf)?;
    let sent = db.record();
    session.flush().await?;
    let sql = sent.sql();
    assert!(sql[0].starts_with(r#"DELETE FROM "volume" AS"#), "{sql:?}");
    assert!(sql.last().is_some_and(|sql| sql.starts_with(r#"DELETE FROM "shelf" AS"#)), "{sql:?}");
    assert_eq!(session.state(volumes[0]), State::Deleted);
    session.rollback().await?;
    for &volume in &volumes {
        assert_eq!((session.state(volume), session[volume].deleted_at), (State::Persistent, None));
    }
    assert_eq!((session.state(shelf), session[shelf].version), (State::Persistent, 1));
    session.delete_permanently(volumes[0])?;
    session.commit().await?;
    assert_eq!(db.stored(VOLUMES).await, ["B|f|0", "C|f|0"]);
    Ok(())
}

#[tokio::test]
async fn u49_a_marked_row_is_found_by_a_query_that_says_so_and_brought_back() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let shelf = session.query::<Shelf>().with(Shelf::volumes).one().await?;
    let deleted = session[shelf].volumes.handles()[0];
    session.delete(deleted)?;
    session.commit().await?;
    let found = session.query::<Volume>().with_deleted().filter(Volume::title.eq("A")).one().await?;
    assert!(session[found].deleted_at.is_some());
    assert_eq!(session.get::<Volume>(1).await?, None, "by key, it is still deleted");
    assert_eq!(session.get_many::<Volume>([1]).await?, [None]);
    session.refresh(&[found]).await?;
    session[found].deleted_at = None;
    session.commit().await?;
    assert_eq!(session.get::<Volume>(1).await?, Some(found));
    assert_eq!(db.stored(VOLUMES).await, ["A|f|2", "B|f|0", "C|f|0"]);
    assert_eq!(session.query::<Volume>().count().await?, 3);
    Ok(())
}

#[tokio::test]
async fn u49_one_row_is_one_object_also_while_it_is_marked() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let volumes = volumes(&mut session).await?;
    session.delete(volumes[0])?;
    session.flush().await?;
    let found = session.query::<Volume>().with_deleted().filter(Volume::id.eq(1)).one().await?;
    assert_eq!((found, session.state(found)), (volumes[0], State::Persistent));
    session[found].deleted_at = None;
    session.flush().await?;
    assert_eq!(session.get::<Volume>(1).await?, Some(found));
    session.rollback().await?;
    assert_eq!((session.state(found), session[found].deleted_at), (State::Persistent, None));
    assert_eq!(session[found].changes.get(), Some(0));
    session.delete(found)?;
    session.flush().await?;
    session.query::<Volume>().with_deleted().filter(Volume::id.eq(1)).one().await?;
    session.commit().await?;
    assert_eq!(session.state(found), State::Persistent, "it is held, and its row is there");
    assert_eq!(db.stored(VOLUMES).await, ["A|t|1", "B|f|0", "C|f|0"]);
    Ok(())
}

#[tokio::test]
async fn u49_a_failed_flush_leaves_things_as_they_were() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let shelf = session.query::<Shelf>().with(Shelf::volumes).one().await?;
    let volumes = session[shelf].volumes.handles();
    session.delete(volumes[0])?;
    session.delete_permanently(volumes[1])?;
    session.flush().await?;
    let again = session.add(Volume::builder().title("C").shelf(shelf));
    assert!(session.flush().await.expect_err("the title is taken").is_unique_violation());
    let doomed: HashSet<Handle<Volume>> = session.deleted_objects().into_iter().collect();
    assert_eq!(doomed, volumes[..2].iter().copied().collect());
    for &volume in &volumes {
        assert_eq!((session.state(volume), session[volume].deleted_at), (State::Persistent, None));
    }
    assert_eq!(session.state(again), State::Pending);
    session[again].title = "A".into();
    session.commit().await?;
    assert_eq!(db.stored(VOLUMES).await, ["A|t|1", "C|f|0", "A|f|0"], "one is marked, one is gone");
    Ok(())
}

#[tokio::test]
async fn u49_a_row_that_was_brought_back_stays_so_when_the_flush_after_it_fails() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let volumes = volumes(&mut session).await?;
    session.delete(volumes[0])?;
    session.delete(volumes[1])?;
    session.flush().await?;
    let found = session.query::<Volume>().with_deleted().filter(Volume::id.eq(1)).one().await?;
    session[found].deleted_at = None;
    session[found].title = "a".into();
    session.flush().await?;
    session.query::<Volume>().with_deleted().filter(Volume::id.eq(2)).one().await?;
    session[volumes[2]].title = "a".into();
    assert!(session.flush().await.expect_err("the title is taken").is_unique_violation());
    assert_eq!(session.deleted_objects::<Volume>(), [volumes[1]]);
    session[volumes[2]].title = "c".into();
    session.commit().await?;
    assert_eq!(session[found].deleted_at, None);
    assert_eq!(
        db.stored(r#"SELECT title, "del""eted" IS NOT NULL FROM volume ORDER BY id"#).await,
        ["a|f", "B|t", "c|f"],
    );
    Ok(())
}

#[tokio::test]
async fn u49_a_savepoint_takes_a_mark_back() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let volumes = volumes(&mut session).await?;
    let mut savepoint = session.savepoint().await?;
    savepoint.delete(volumes[0])?;
    savepoint.flush().await?;
    savepoint.rollback().await?;
    assert_eq!(session.state(volumes[0]), State::Persistent);
    assert_eq!(session.get::<Volume>(1).await?, Some(volumes[0]));
    session.commit().await?;
    assert_eq!(db.stored(VOLUMES).await, ["A|f|0", "B|f|0", "C|f|0"]);
    Ok(())
}

#[tokio::test]
async fn u49_a_bulk_delete_marks_the_rows_and_objects_follow() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let shelf = session.query::<Shelf>().with(Shelf::volumes).one().await?;
    let volumes = session[shelf].volumes.handles();
    let sent = db.record();
    assert_eq!(session.query::<Volume>().filter(Volume::id.le(2)).delete().await?, 2);
    assert_eq!(
        sent.sql()[1],
        concat!(
            r#"UPDATE "volume" SET "del""eted" = now(), "changes" = changes + 1 WHERE "volume"."id" <= $1 "#,
            r#"AND "volume"."del""eted" IS NULL RETURNING "volume"."id", "volume"."del""eted", "volume"."changes""#,
        ),
    );
    assert_eq!(session.state(volumes[0]), State::Deleted);
    assert_eq!(session[shelf].volumes.handles(), [volumes[2]]);
    assert_eq!(session.query::<Volume>().delete().all_rows().await?, 1, "the others are deleted already");
    session.rollback().await?;
    assert_eq!(session[shelf].volumes.handles(), volumes);
    assert_eq!(db.engine.query::<Volume>().filter(Volume::id.eq(1)).delete().await?, 1);
    assert_eq!(db.engine.query::<Shelf>().delete().all_rows().await?, 1);
    assert_eq!(db.stored(VOLUMES).await, ["A|t|1", "B|f|0", "C|f|0"]);
    assert_eq!(db.stored(SHELVES).await, ["left|t|2"]);
    Ok(())
}

#[tokio::test]
async fn u49_bulk_operations_leave_marked_rows_alone_unless_they_are_let_in() -> Result<()> {
    let db = library().await?;
    let engine = &db.engine;
    engine.query::<Volume>().filter(Volume::id.eq(1)).delete().await?;
    assert_eq!(engine.query::<Volume>().update(Volume::changes.set(7)).all_rows().await?, 2);
    assert_eq!(db.stored(VOLUMES).await, ["A|t|1", "B|f|7", "C|f|7"]);
    assert_eq!(engine.query::<Volume>().filter(Volume::id.le(2)).delete().permanently().await?, 1);
    assert_eq!(db.stored(VOLUMES).await, ["A|t|1", "C|f|7"]);
    let back = engine.query::<Volume>().with_deleted().filter(Volume::deleted_at.is_not_null());
    assert_eq!(back.clone().update(Volume::title.set("a")).await?, 1);
    assert_eq!(back.delete().permanently().await?, 1);
    assert_eq!(db.stored(VOLUMES).await, ["C|f|7"]);
    let mut session = engine.session();
    let last = session.query::<Volume>().one().await?;
    session.query::<Volume>().delete().permanently().all_rows().await?;
    assert_eq!(session.state(last), State::Deleted);
    session.commit().await?;
    assert_eq!(db.stored(VOLUMES).await, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn u49_what_was_marked_elsewhere_is_gone() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let volumes = volumes(&mut session).await?;
    db.run(r#"UPDATE volume SET "del""eted" = now() WHERE id = 1"#).await;
    assert_eq!(session.get::<Volume>(1).await?, Some(volumes[0]), "as it was read");
    let error = session.refresh(&volumes).await.expect_err("one is deleted");
    assert_eq!((error.kind(), error.model()), (ErrorKind::NotFound, Some("Volume")));
    assert_eq!(session.state(volumes[0]), State::Detached);
    assert_eq!(session.state(volumes[1]), State::Persistent);
    session.commit().await?;
    db.run(r#"UPDATE volume SET "del""eted" = now() WHERE id = 2"#).await;
    assert_eq!(session.get::<Volume>(2).await?, None);
    assert_eq!(session.state(volumes[1]), State::Detached);
    Ok(())
}

#[tokio::test]
async fn u49_a_refresh_of_marked_and_other_objects_tells_them_apart() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    db.run(r#"UPDATE volume SET "del""eted" = now() WHERE id = 1"#).await;
    let volumes = session.query::<Volume>().with_deleted().order_by(Volume::id.asc()).all().await?;
    db.run(r#"UPDATE volume SET "del""eted" = now() WHERE id = 2"#).await;
    assert_eq!(session.refresh(&volumes).await.expect_err("one was deleted").kind(), ErrorKind::NotFound);
    let states = volumes.iter().map(|&volume| session.state(volume)).collect::<Vec<_>>();
    assert_eq!(states, [State::Persistent, State::Detached, State::Persistent]);
    Ok(())
}

#[tokio::test]
async fn u49_a_unique_value_of_a_marked_row_is_free_by_a_partial_index() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let volumes = volumes(&mut session).await?;
    session.delete(volumes[0])?;
    session.add(Volume::builder().title("A").shelf_id(1));
    session.commit().await?;
    assert_eq!(db.stored(VOLUMES).await, ["A|t|1", "B|f|0", "C|f|0", "A|f|0"]);
    let error = session.query::<Volume>().with_deleted().filter(Volume::id.eq(1)).update(Volume::deleted_at.set(None));
    assert!(error.await.expect_err("two of one title").is_unique_violation());
    Ok(())
}

#[tokio::test]
async fn u49_a_new_object_with_the_key_of_a_marked_one_takes_its_row() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let volumes = volumes(&mut session).await?;
    session.delete(volumes[0])?;
    let new = session.add(Volume::builder().id(1).title("new").shelf_id(1));
    session.commit().await?;
    assert_eq!((session.state(volumes[0]), session.state(new)), (State::Detached, State::Persistent));
    assert_eq!(db.stored(VOLUMES).await, ["new|f|1", "B|f|0", "C|f|0"]);
    Ok(())
}

#[tokio::test]
async fn u49_loaded_relationships_leave_marked_objects_out() -> Result<()> {
    let db = library().await?;
    db.run(r#"UPDATE volume SET "del""eted" = now() WHERE id = 1; UPDATE shelf SET deleted_at = now()"#).await;
    let mut session = db.engine.session();
    let shelf = session.query::<Shelf>().with_deleted().with(Shelf::volumes).one().await?;
    assert_eq!(session[shelf].volumes.len(), 2, "what is loaded is a statement of its own");
    session.load(&[shelf], Shelf::volumes.with_deleted()).await?;
    assert_eq!(session[shelf].volumes.len(), 3);
    let volume = session.query::<Volume>().filter(Volume::id.eq(2)).with(Volume::shelf.with_deleted()).one().await?;
    assert_eq!(session[volume].shelf.handle(), Some(shelf));
    let mut other = db.engine.session();
    let volume = other.query::<Volume>().filter(Volume::id.eq(2)).with(Volume::shelf).one().await?;
    assert_eq!(other[volume].shelf.handle(), None);
    assert_eq!(other.related(volume, Volume::shelf).await.expect_err("it is deleted").kind(), ErrorKind::NotFound);
    let shelf = other.query::<Shelf>().with_deleted().one().await?;
    let third = other.query::<Volume>().filter(Volume::id.eq(3)).with(Volume::shelf).one().await?;
    assert_eq!(other[third].shelf.handle(), None, "though the session holds it");
    assert_eq!(other.related(shelf, Volume::shelf.rev()).await?.len(), 2);
    assert_eq!(other.related(shelf, Volume::shelf.rev().with_deleted()).await?.len(), 3);
    Ok(())
}

/// Two volumes, each by two authors.
async fn authors(engine: &Engine) -> Result<()> {
    let mut session = engine.session();
    let volumes = volumes(&mut session).await?;
    let authors = session.add_all(["Ann", "Bob"].map(|name| Author::builder().name(name)));
    for &volume in &volumes[..2] {
        session.load(&[volume], Volume::authors).await?;
        session[volume].authors.set(authors.clone());
    }
    session.commit().await
}

#[tokio::test]
async fn u49_a_link_whose_model_marks_its_rows_is_marked_and_comes_again() -> Result<()> {
    let db = library().await?;
    authors(&db.engine).await?;
    let mut session = db.engine.session();
    let volume = session.query::<Volume>().with(Volume::authors).filter(Volume::id.eq(1)).one().await?;
    let authors = session[volume].authors.handles();
    let sent = db.record();
    session[volume].authors.remove(authors[0]);
    session.commit().await?;
    assert_eq!(
        sent.sql()[0],
        concat!(
            r#"UPDATE "authorship" AS "target" SET "deleted_at" = now() FROM UNNEST ($1::integer[], $2::integer[]) "#,
            r#"AS "input" ("volume_id", "author_id") WHERE "target"."volume_id" = "input"."volume_id" "#,
            r#"AND "target"."author_id" = "input"."author_id" AND "target"."deleted_at" IS NULL"#,
        ),
    );
    assert_eq!(db.stored(LINKS).await, ["1|1|t", "1|2|f", "2|1|f", "2|2|f"]);
    let mut other = db.engine.session();
    let again = other.query::<Volume>().with(Volume::authors).filter(Volume::id.eq(1)).one().await?;
    assert_eq!(other[again].authors.len(), 1);
    session[volume].authors.push(authors[0]);
    session.commit().await?;
    assert_eq!(db.stored(LINKS).await, ["1|1|f", "1|2|f", "2|1|f", "2|2|f"]);
    let link = session.query::<Authorship>().filter(Authorship::volume_id.eq(2)).order_by(Authorship::author_id.asc());
    let link = link.first().await?.expect("a link");
    session.delete(link)?;
    session.commit().await?;
    assert_eq!(db.stored(LINKS).await, ["1|1|f", "1|2|f", "2|1|t", "2|2|f"]);
    Ok(())
}

#[tokio::test]
async fn u49_a_marked_end_leaves_the_collection_and_its_links_stay() -> Result<()> {
    let db = library().await?;
    authors(&db.engine).await?;
    let mut session = db.engine.session();
    let volume = session.query::<Volume>().with(Volume::authors).filter(Volume::id.eq(1)).one().await?;
    let authors = session[volume].authors.handles();
    session.delete(authors[0])?;
    session.commit().await?;
    assert_eq!(session[volume].authors.handles(), [authors[1]]);
    assert_eq!(db.stored(LINKS).await, ["1|1|f", "1|2|f", "2|1|f", "2|2|f"]);
    let ann = session.query::<Author>().with_deleted().filter(Author::name.eq("Ann")).one().await?;
    session[ann].deleted_at = None;
    session.commit().await?;
    let mut other = db.engine.session();
    let again = other.query::<Volume>().with(Volume::authors).filter(Volume::id.eq(1)).one().await?;
    assert_eq!(other[again].authors.len(), 2);
    Ok(())
}

/// May not be deleted while it has hooks.
#[derive(Model, Debug, Clone)]
#[model(table = "rail", soft_delete = deleted_on)]
struct Rail {
    #[model(primary_key)]
    id: Auto<i32>,
    deleted_on: Option<chrono::NaiveDate>,
    #[model(has_many = Hook::rail, on_parent_delete = restrict)]
    hooks: HasMany<Hook>,
}

/// Has two ends: this one's key becomes NULL with the rail.
#[derive(Model, Debug, Clone)]
#[model(table = "hook", soft_delete = deleted_at)]
struct Hook {
    #[model(primary_key)]
    id: Auto<i32>,
    deleted_at: Option<chrono::NaiveDateTime>,
    #[model(references = Rail::id)]
    rail_id: i32,
    #[model(belongs_to = rail_id)]
    rail: BelongsTo<Rail>,
    #[model(has_many = Coat::hook, on_parent_delete = nullify)]
    coats: HasMany<Coat>,
}

/// Falls down when its hook goes, and counts that.
#[derive(Model, Debug, Clone)]
#[model(table = "coat")]
struct Coat {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(default = "0", on_update = "falls + 1")]
    falls: Auto<i32>,
    #[model(references = Hook::id)]
    hook_id: Option<i32>,
    #[model(belongs_to = hook_id)]
    hook: BelongsTo<Hook>,
}

#[tokio::test]
async fn u49_a_row_is_not_marked_while_it_has_children_that_forbid_it() -> Result<()> {
    let db = TestDb::with::<(Rail, Hook, Coat)>().await;
    let mut session = db.engine.session();
    let rail = session.add(Rail::builder());
    let hooks = session.add_all([Hook::builder().rail(rail), Hook::builder().rail(rail)]);
    session.commit().await?;
    let sent = db.record();
    session.delete(rail)?;
    let error = session.flush().await.expect_err("it has hooks");
    assert!(error.is_foreign_key_violation() && error.to_string().contains("`Rail::hooks`"), "{error}");
    assert_eq!(session.deleted_objects::<Rail>(), [rail]);
    let look = r#"SELECT 1 FROM "hook" WHERE "hook"."rail_id" = ANY ($1) AND "hook"."deleted_at" IS NULL LIMIT 1"#;
    assert_eq!(sent.sql()[1], look);
    for hook in hooks {
        session.delete(hook)?;
    }
    session.commit().await?;
    let both = "SELECT (SELECT count(*) FROM rail WHERE deleted_on IS NULL), (SELECT count(*) FROM hook)";
    assert_eq!(db.stored(both).await, ["0|2"]);
    Ok(())
}

#[tokio::test]
async fn u49_a_rule_that_sets_keys_to_null_does_so_with_the_mark() -> Result<()> {
    let db = TestDb::with::<(Rail, Hook, Coat)>().await;
    let mut session = db.engine.session();
    let rail = session.add(Rail::builder());
    let hook = session.add(Hook::builder().rail(rail));
    let coat = session.add(Coat::builder().hook(hook));
    session.commit().await?;
    session.delete(hook)?;
    session.flush().await?;
    assert_eq!((session[coat].hook_id, session[coat].falls.get()), (None, Some(1)));
    session.rollback().await?;
    assert_eq!((session[coat].hook_id, session[coat].falls.get()), (Some(1), Some(0)));
    assert_eq!(session[coat].hook.handle(), Some(hook));
    session.delete(hook)?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT hook_id, falls FROM coat").await, ["NULL|1"]);
    Ok(())
}

#[tokio::test]
async fn u49_joined_ends_in_a_session_leave_marked_objects_out() -> Result<()> {
    let db = library().await?;
    db.run("UPDATE shelf SET deleted_at = now()").await;
    let mut session = db.engine.session();
    let first = query::<Volume>().filter(Volume::id.eq(1));
    let volume = session.one(first.clone().with_joined(Volume::shelf)).await?;
    assert_eq!(session[volume].shelf.handle(), None);
    let mut other = db.engine.session();
    let volume = other.one(first.with_joined(Volume::shelf.with_deleted())).await?;
    assert!(other[volume].shelf.handle().is_some_and(|shelf| other[shelf].deleted_at.is_some()));
    Ok(())
}

#[tokio::test]
async fn u49_an_upsert_brings_a_marked_row_back_as_the_same_object() -> Result<()> {
    let db = TestDb::with::<Library>().await;
    let mut session = db.engine.session();
    let shelf = session.add(Shelf::builder().name("left"));
    session.commit().await?;
    session.delete(shelf)?;
    session.flush().await?;
    let done = session.upsert([Shelf::builder().id(1).name("again")], Shelf::id).await?;
    assert_eq!((done.updated(), session.state(shelf)), (vec![shelf], State::Persistent));
    assert_eq!((session[shelf].name.as_str(), session[shelf].deleted_at), ("again", None));
    session.commit().await?;
    assert_eq!(session.get::<Shelf>(1).await?, Some(shelf));
    assert_eq!(db.stored(SHELVES).await, ["again|f|3"]);
    db.run("UPDATE shelf SET deleted_at = now()").await;
    let named = session.upsert([Shelf::builder().id(1).name("hidden")], Shelf::id).update(Shelf::name).await?;
    assert_eq!(named.updated(), [shelf]);
    assert!(session[shelf].name == "hidden" && session[shelf].deleted_at.is_some());
    assert_eq!(session.get::<Shelf>(1).await?, None);
    Ok(())
}

#[tokio::test]
async fn u49_an_expression_may_be_assigned_beside_and_a_failed_flush_repeats_both() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let volumes = volumes(&mut session).await?;
    let sent = db.record();
    session.set(volumes[0], Volume::title.set("by hand"))?;
    session.set(volumes[1], Volume::changes.set(5))?;
    session.flush().await?;
    assert!(sent.sql()[1].contains(r#""title" = $1, "changes" = changes + 1 WHERE"#), "{:?}", sent.sql());
    assert_eq!((session[volumes[0]].changes.get(), session[volumes[1]].changes.get()), (Some(1), Some(5)));
    session[volumes[2]].title = "by hand".into();
    assert!(session.flush().await.expect_err("the title is taken").is_unique_violation());
    session[volumes[2]].title = "other".into();
    session.commit().await?;
    assert_eq!(db.stored(VOLUMES).await, ["by hand|f|1", "B|f|5", "other|f|1"]);
    Ok(())
}

#[tokio::test]
async fn u49_what_a_lost_bulk_delete_marked_is_not_marked() -> Result<()> {
    let db = library().await?;
    let mut session = db.engine.session();
    let volumes = volumes(&mut session).await?;
    session.query::<Volume>().filter(Volume::id.le(2)).delete().await?;
    session[volumes[2]].shelf_id = 99;
    assert!(session.flush().await.expect_err("there is no such shelf").is_foreign_key_violation());
    for &volume in &volumes[..2] {
        assert_eq!((session.state(volume), session[volume].deleted_at), (State::Persistent, None));
        assert_eq!(session[volume].changes.get(), Some(0));
    }
    session[volumes[2]].shelf_id = 1;
    session.commit().await?;
    assert_eq!(db.stored(VOLUMES).await, ["A|f|0", "B|f|0", "C|f|0"], "a flush repeats no bulk operation");
    Ok(())
}

#[tokio::test]
async fn u49_streams_and_walks_leave_marked_rows_out() -> Result<()> {
    let db = library().await?;
    db.engine.query::<Volume>().filter(Volume::id.eq(2)).delete().await?;
    let mut titles = Vec::new();
    let mut rows = db.engine.query::<Volume>().stream().await?;
    while let Some(volume) = rows.next().await? {
        titles.push(volume.title);
    }
    titles.sort();
    assert_eq!(titles, ["A", "C"]);
    let mut session = db.engine.session();
    for (walk, expected) in [(query::<Volume>(), 2), (query::<Volume>().with_deleted(), 3)] {
        let (mut batches, mut met) = (walk.in_batches(1), 0);
        while let Some(handles) = batches.next(&mut session).await? {
            met += handles.len();
        }
        assert_eq!(met, expected);
    }
    Ok(())
}
