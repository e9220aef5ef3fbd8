//! `on_parent_delete = delete` on a relationship of a model with itself: what is below goes too, to any depth.

use chrono::{DateTime, Utc};
use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, State};
use orm_tests::TestDb;

#[derive(Model, Debug, Clone)]
#[model(table = "drive")]
struct Drive {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(has_many = Folder::drive, on_parent_delete = delete)]
    folders: HasMany<Folder>,
}

/// A tree, of which the top belongs to a drive.
#[derive(Model, Debug, Clone)]
#[model(table = "folder")]
struct Folder {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    #[model(references = Drive::id)]
    drive_id: Option<i32>,
    #[model(belongs_to = drive_id)]
    drive: BelongsTo<Drive>,
    #[model(references = Folder::id)]
    parent_id: Option<i32>,
    #[model(belongs_to = parent_id)]
    parent: BelongsTo<Self>,
    #[model(has_many = Folder::parent, on_parent_delete = delete)]
    folders: HasMany<Self>,
    #[model(has_many = File::folder, on_parent_delete = delete)]
    files: HasMany<File>,
    #[model(has_many = Pin::folder)]
    pins: HasMany<Pin>,
}

/// Deleted with its folder.
#[derive(Model, Debug, Clone)]
#[model(table = "file")]
struct File {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = Folder::id)]
    folder_id: i32,
    #[model(belongs_to = folder_id)]
    folder: BelongsTo<Folder>,
}

/// Stays without its folder.
#[derive(Model, Debug, Clone)]
#[model(table = "pin")]
struct Pin {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = Folder::id)]
    folder_id: Option<i32>,
    #[model(belongs_to = folder_id)]
    folder: BelongsTo<Folder>,
}

type All = (Drive, Folder, File, Pin);

fn folder<const N: usize>(name: &str, folders: [Folder; N]) -> Folder {
    Folder::builder().name(name).folders(folders).files([File::builder()]).pins([Pin::builder()]).build()
}

/// A drive with `a > (b > c > d, e)` and `f`.
async fn drive() -> Result<TestDb> {
    let db = TestDb::with::<All>().await;
    let mut session = db.engine.session();
    let tree = folder("a", [folder("b", [folder("c", [folder("d", [])])]), folder("e", [])]);
    session.add(Drive::builder().folders([tree, folder("f", [])]));
    session.commit().await?;
    Ok(db)
}

async fn named(session: &mut Session, name: &str) -> Result<Handle<Folder>> {
    session.query::<Folder>().filter(Folder::name.eq(name)).one().await
}

const LEFT: &str = "SELECT (SELECT string_agg(name, '' ORDER BY name) FROM folder), (SELECT count(*) FROM file), \
     (SELECT count(*) FROM pin WHERE folder_id IS NULL)";

#[tokio::test]
async fn u19_a_tree_of_which_nothing_is_loaded_is_deleted_in_one_statement() -> Result<()> {
    let db = drive().await?;
    let mut session = db.engine.session();
    let b = named(&mut session, "b").await?;
    let sent = db.record();
    session.delete(b)?;
    session.commit().await?;
    let tree = concat!(
        r#"(WITH RECURSIVE "the tree" ("c0") AS (SELECT "folder"."id" FROM "folder" WHERE "folder"."id" = ANY ($N) "#,
        r#"UNION SELECT "child"."id" FROM "folder" AS "child" JOIN "the tree" "#,
        r#"ON "child"."parent_id" = "the tree"."c0") SELECT "c0" FROM "the tree")"#,
    );
    assert_eq!(
        sent.sql(),
        [
            "BEGIN".to_owned(),
            format!(r#"DELETE FROM "file" WHERE "file"."folder_id" IN {tree} RETURNING "file"."id""#),
            format!(r#"UPDATE "pin" SET "folder_id" = $1 WHERE "pin"."folder_id" IN {tree} RETURNING "pin"."id""#)
                .replace("$N", "$2"),
            concat!(
                r#"WITH RECURSIVE "the rows" AS (SELECT * FROM UNNEST ($1::integer[]) WITH ORDINALITY "#,
                r#"AS "input" ("k0", "n")), "the tree" ("c0") AS (SELECT "top"."id" FROM "folder" AS "top" "#,
                r#"JOIN "the rows" ON "top"."id" = "the rows"."k0" UNION SELECT "child"."id" FROM "folder" AS "child" "#,
                r#"JOIN "the tree" ON "child"."parent_id" = "the tree"."c0") DELETE FROM "folder" AS "target" "#,
                r#"USING "the tree" LEFT JOIN "the rows" ON "the rows"."k0" = "the tree"."c0" "#,
                r#"WHERE "target"."id" = "the tree"."c0" RETURNING "the rows"."n", "target"."id""#,
            )
            .to_owned(),
            "COMMIT".to_owned(),
        ]
        .map(|sql| sql.replace("$N", "$1")),
    );
    assert_eq!(db.stored(LEFT).await, ["aef|3|3"]);
    Ok(())
}

#[tokio::test]
async fn u19_the_objects_of_a_tree_are_brought_in_line_and_come_back() -> Result<()> {
    let db = drive().await?;
    let mut session = db.engine.session();
    let folders = session.query::<Folder>().with(Folder::folders).with(Folder::pins).order_by(Folder::name.asc()).all();
    let folders = folders.await?;
    let (pins, files) = (session.query::<Pin>().all().await?, session.query::<File>().all().await?);
    session.delete(folders[1])?;
    session.flush().await?;
    let gone = |session: &Session| folders.iter().map(|&f| session.state(f) == State::Deleted).collect::<Vec<_>>();
    assert_eq!(gone(&session), [false, true, true, true, false, false]);
    assert_eq!(session[folders[0]].folders.handles(), [folders[4]]);
    assert_eq!(pins.iter().filter(|&&pin| session[pin].folder_id.is_none()).count(), 3);
    assert_eq!(files.iter().filter(|&&file| session.state(file) == State::Deleted).count(), 3);
    session.rollback().await?;
    assert_eq!(gone(&session), [false; 6]);
    assert_eq!(session[folders[0]].folders.len(), 2);
    assert_eq!(session[folders[1]].folders.handles(), [folders[2]]);
    assert!(pins.iter().all(|&pin| session[pin].folder_id.is_some()));
    assert_eq!(db.stored(LEFT).await, ["abcdef|6|0"]);
    session.delete(folders[0])?;
    session.commit().await?;
    assert_eq!(db.stored(LEFT).await, ["f|1|5"]);
    Ok(())
}

#[tokio::test]
async fn u19_a_tree_is_deleted_with_rows_of_it_that_are_deleted_themselves() -> Result<()> {
    let db = drive().await?;
    let mut session = db.engine.session();
    // Between the two is one that the session does not know.
    for name in ["d", "b"] {
        let folder = named(&mut session, name).await?;
        session.delete(folder)?;
    }
    session.commit().await?;
    assert_eq!(db.stored(LEFT).await, ["aef|3|3"]);
    Ok(())
}

#[tokio::test]
async fn u19_a_tree_below_another_relationship_is_one_statement_too() -> Result<()> {
    let db = drive().await?;
    let mut session = db.engine.session();
    let drive = session.get::<Drive>(1).await?.expect("it is there");
    let d = named(&mut session, "d").await?;
    let sent = db.record();
    session.delete(drive)?;
    session.flush().await?;
    let folders = concat!(
        r#""folder"."id" IN (WITH RECURSIVE "the tree" ("c0") AS (SELECT "folder"."id" FROM "folder" "#,
        r#"WHERE "folder"."drive_id" = ANY ($1) UNION SELECT "child"."id" FROM "folder" AS "child" JOIN "the tree" "#,
        r#"ON "child"."parent_id" = "the tree"."c0") SELECT "c0" FROM "the tree")"#,
    );
    assert_eq!(sent.sql()[3], format!(r#"DELETE FROM "folder" WHERE {folders} RETURNING "folder"."id""#));
    assert_eq!(
        sent.sql()[1],
        format!(
            r#"DELETE FROM "file" WHERE "file"."folder_id" IN (SELECT "folder"."id" FROM "folder" WHERE {folders}) RETURNING "file"."id""#
        )
    );
    assert_eq!(session.state(d), State::Deleted);
    session.commit().await?;
    assert_eq!(db.stored(LEFT).await, ["NULL|0|6"]);
    Ok(())
}

#[tokio::test]
async fn u21_what_moves_out_of_a_tree_stays_and_what_is_put_into_it_goes() -> Result<()> {
    let db = drive().await?;
    let mut session = db.engine.session();
    let [b, c, e, f] = [
        named(&mut session, "b").await?,
        named(&mut session, "c").await?,
        named(&mut session, "e").await?,
        named(&mut session, "f").await?,
    ];
    session[c].parent.set(f);
    session[e].parent.set(b);
    let new = session.add(Folder::builder().name("new").parent(e));
    session.delete(b)?;
    session.flush().await?;
    assert_eq!(
        (session.state(c), session.state(e), session.state(new)),
        (State::Persistent, State::Deleted, State::Deleted)
    );
    session.rollback().await?;
    assert_eq!((session.state(e), session.state(new)), (State::Persistent, State::Transient));
    session[c].parent.set(f);
    session.delete(b)?;
    session.commit().await?;
    assert_eq!(db.stored(LEFT).await, ["acdef|5|1"]);
    Ok(())
}

#[tokio::test]
async fn u19_rows_that_are_above_each_other_are_deleted_once() -> Result<()> {
    let db = drive().await?;
    db.run("UPDATE folder SET parent_id = (SELECT id FROM folder WHERE name = 'd') WHERE name = 'b'").await;
    let mut session = db.engine.session();
    let c = named(&mut session, "c").await?;
    session.delete(c)?;
    session.commit().await?;
    assert_eq!(db.stored(LEFT).await, ["aef|3|3"]);
    Ok(())
}

/// A tree whose rows are marked, and which counts versions.
#[derive(Model, Debug, Clone)]
#[model(table = "topic", soft_delete = deleted_at)]
struct Topic {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(version)]
    version: i32,
    deleted_at: Option<DateTime<Utc>>,
    #[model(references = Topic::id)]
    parent_id: Option<i32>,
    #[model(belongs_to = parent_id)]
    parent: BelongsTo<Self>,
    #[model(has_many = Topic::parent, on_parent_delete = delete)]
    topics: HasMany<Self>,
}

fn topic<const N: usize>(topics: [Topic; N]) -> Topic {
    Topic::builder().topics(topics).build()
}

/// Four topics, each the child of the one before.
async fn topics() -> Result<(TestDb, Session, Vec<Handle<Topic>>)> {
    let db = TestDb::with::<Topic>().await;
    let mut session = db.engine.session();
    session.add(topic([topic([topic([topic([])])])]));
    session.commit().await?;
    let topics = session.query::<Topic>().order_by(Topic::id.asc()).all().await?;
    Ok((db, session, topics))
}

const MARKED: &str = "SELECT deleted_at IS NOT NULL, version FROM topic ORDER BY id";

#[tokio::test]
async fn u19_a_tree_of_rows_that_are_marked_is_marked() -> Result<()> {
    let (db, mut session, topics) = topics().await?;
    let sent = db.record();
    session.delete(topics[1])?;
    session.flush().await?;
    assert_eq!(
        sent.sql()[1],
        concat!(
            r#"UPDATE "topic" SET "deleted_at" = now(), "version" = "topic"."version" + 1 WHERE "topic"."id" IN "#,
            r#"(WITH RECURSIVE "the tree" ("c0") AS (SELECT "topic"."id" FROM "topic" WHERE "topic"."id" = ANY ($1) "#,
            r#"AND "topic"."deleted_at" IS NULL UNION SELECT "child"."id" FROM "topic" AS "child" JOIN "the tree" "#,
            r#"ON "child"."parent_id" = "the tree"."c0" WHERE "child"."deleted_at" IS NULL) SELECT "c0" FROM "the tree") "#,
            r#"AND NOT ("topic"."id" = ANY ($2)) AND "topic"."deleted_at" IS NULL "#,
            r#"RETURNING "topic"."id", "topic"."deleted_at", "topic"."version""#,
        ),
    );
    assert_eq!(sent.sql().len(), 3);
    assert_eq!(session.state(topics[3]), State::Deleted);
    session.rollback().await?;
    assert_eq!((session.state(topics[3]), session[topics[3]].version), (State::Persistent, 1));
    // One below that is deleted itself is marked once.
    session.delete(topics[1])?;
    session.delete(topics[3])?;
    session.commit().await?;
    assert_eq!(db.stored(MARKED).await, ["f|1", "t|2", "t|2", "t|2"]);
    Ok(())
}

#[tokio::test]
async fn u19_a_marked_tree_is_deleted_with_its_top() -> Result<()> {
    let (db, mut session, topics) = topics().await?;
    session.delete(topics[2])?;
    session.commit().await?;
    let below = session.query::<Topic>().filter(Topic::id.eq(4)).with_deleted().one().await?;
    session.delete_permanently(topics[1])?;
    session.flush().await?;
    assert_eq!(session.state(below), State::Deleted);
    session.commit().await?;
    assert_eq!(db.stored(MARKED).await, ["f|1"]);
    Ok(())
}

#[tokio::test]
async fn u13_a_version_in_a_tree_that_is_not_the_one_that_was_read_is_stale() -> Result<()> {
    let (db, mut session, topics) = topics().await?;
    db.run("UPDATE topic SET version = 7 WHERE id = 4").await;
    session.delete_permanently(topics[1])?;
    session.delete_permanently(topics[3])?;
    let error = session.commit().await.expect_err("it has changed");
    assert_eq!((error.kind(), error.model()), (ErrorKind::StaleData, Some("Topic")));
    assert!(error.to_string().contains("(4)"), "{error}");
    assert_eq!(db.stored(MARKED).await, ["f|1", "f|1", "f|1", "f|7"]);
    session.refresh(&[topics[3]]).await?;
    session.commit().await?;
    assert_eq!(db.stored(MARKED).await, ["f|1"]);
    Ok(())
}

/// A tree by a key of two columns.
#[derive(Model, Debug, Clone)]
#[model(table = "cell", primary_key(sheet, no))]
struct Cell {
    sheet: i32,
    no: i32,
    #[model(references = Cell::sheet)]
    above_sheet: Option<i32>,
    #[model(references = Cell::no)]
    above_no: Option<i32>,
    #[model(belongs_to = (above_sheet, above_no))]
    above: BelongsTo<Self>,
    #[model(has_many = Cell::above, on_parent_delete = delete)]
    cells: HasMany<Self>,
}

#[tokio::test]
async fn u19_a_tree_by_a_composite_key_is_one_statement() -> Result<()> {
    let db = TestDb::new();
    db.run(
        "CREATE TABLE cell (sheet int, no int, above_sheet int, above_no int, PRIMARY KEY (sheet, no), \
         FOREIGN KEY (above_sheet, above_no) REFERENCES cell);
         INSERT INTO cell VALUES (1, 1, NULL, NULL), (1, 2, 1, 1), (1, 3, 1, 2), (2, 1, NULL, NULL), (2, 2, 2, 1)",
    )
    .await;
    let mut session = db.engine.session();
    let cell = session.get::<Cell>((1, 1)).await?.expect("it is there");
    let below = session.get::<Cell>((1, 3)).await?.expect("it is there");
    session.delete(cell)?;
    session.flush().await?;
    assert_eq!(session.state(below), State::Deleted);
    session.commit().await?;
    assert_eq!(db.stored("SELECT sheet, no FROM cell ORDER BY 2").await, ["2|1", "2|2"]);
    Ok(())
}

/// Goes with whom it works for, and with whom it learns from.
#[derive(Model, Debug, Clone)]
#[model(table = "worker")]
struct Worker {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = Worker::id)]
    boss_id: Option<i32>,
    #[model(belongs_to = boss_id)]
    boss: BelongsTo<Self>,
    #[model(references = Worker::id)]
    mentor_id: Option<i32>,
    #[model(belongs_to = mentor_id)]
    mentor: BelongsTo<Self>,
    #[model(has_many = Worker::boss, on_parent_delete = delete)]
    reports: HasMany<Self>,
    #[model(has_many = Worker::mentor, on_parent_delete = delete)]
    pupils: HasMany<Self>,
}

#[tokio::test]
async fn u19_a_tree_by_two_keys_is_one_statement() -> Result<()> {
    let db = TestDb::with::<Worker>().await;
    let mut session = db.engine.session();
    let [top, other] = [session.add(Worker::builder()), session.add(Worker::builder())];
    let report = session.add(Worker::builder().boss(top));
    let pupil = session.add(Worker::builder().boss(other).mentor(report));
    let last = session.add(Worker::builder().boss(pupil));
    session.commit().await?;
    let sent = db.record();
    session.delete(top)?;
    session.flush().await?;
    let states = [other, report, pupil, last].map(|worker| session.state(worker));
    assert_eq!(states, [State::Persistent, State::Deleted, State::Deleted, State::Deleted]);
    assert_eq!(sent.sql().len(), 2);
    let both = r#"ON "child"."boss_id" = "the tree"."c0" OR "child"."mentor_id" = "the tree"."c0")"#;
    assert!(sent.sql()[1].contains(both), "{}", sent.sql()[1]);
    session.commit().await?;
    assert_eq!(db.stored("SELECT count(*) FROM worker").await, ["1"]);
    Ok(())
}

#[derive(Model, Debug, Clone)]
#[model(table = "hen")]
struct Hen {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = Egg::id)]
    egg_id: Option<i32>,
    #[model(belongs_to = egg_id)]
    egg: BelongsTo<Egg>,
    #[model(has_many = Egg::hen, on_parent_delete = delete)]
    eggs: HasMany<Egg>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "egg")]
struct Egg {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = Hen::id)]
    hen_id: Option<i32>,
    #[model(belongs_to = hen_id)]
    hen: BelongsTo<Hen>,
    #[model(has_many = Hen::egg, on_parent_delete = delete)]
    hens: HasMany<Hen>,
}

#[tokio::test]
async fn u19_a_circle_of_two_models_is_the_databases_to_delete() -> Result<()> {
    let db = TestDb::with::<(Hen, Egg)>().await;
    let mut session = db.engine.session();
    let hen = session.add(Hen::builder().eggs([Egg::builder()]));
    session.commit().await?;
    session.delete(hen)?;
    let error = session.commit().await.expect_err("nobody knows how deep it is");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("`Egg::hens`"), "{error}");
    assert_eq!(db.stored("SELECT count(*) FROM hen").await, ["1"]);
    Ok(())
}
