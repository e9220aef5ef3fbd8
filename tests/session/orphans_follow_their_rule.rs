//! What becomes of a child that is taken out of its parent's collection: its key is NULL, its row goes, or it never comes.

use orm_core::prelude::*;
use orm_core::{Result, State};
use orm_tests::TestDb;

#[derive(Model, Debug, Clone)]
#[model(table = "album")]
struct Album {
    #[model(primary_key)]
    id: Auto<i32>,
    title: String,
    #[model(has_many = Track::album, orphans = delete)]
    tracks: HasMany<Track>,
    #[model(has_many = Note::album)]
    notes: HasMany<Note>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "track")]
struct Track {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    #[model(references = Album::id)]
    album_id: i32,
    #[model(belongs_to = album_id)]
    album: BelongsTo<Album>,
    #[model(has_many = Take::track)]
    takes: HasMany<Take>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "take")]
struct Take {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = Track::id)]
    track_id: i32,
    #[model(belongs_to = track_id)]
    track: BelongsTo<Track>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "note")]
struct Note {
    #[model(primary_key)]
    id: Auto<i32>,
    text: String,
    #[model(references = Album::id)]
    album_id: Option<i32>,
    #[model(belongs_to = album_id)]
    album: BelongsTo<Album>,
}

type All = (Album, Track, Take, Note);
const TRACKS: &str = "SELECT name, album_id FROM track ORDER BY name";

async fn album() -> Result<(TestDb, Session, Handle<Album>)> {
    let db = TestDb::with::<All>().await;
    let mut session = db.engine.session();
    let album = session.add(
        Album::builder()
            .title("first")
            .tracks(["a", "b", "c"].map(|name| Track::builder().name(name)))
            .notes(["x", "y"].map(|text| Note::builder().text(text))),
    );
    session.commit().await?;
    Ok((db, session, album))
}

#[tokio::test]
async fn u20_a_child_that_is_taken_out_is_deleted_if_the_relationship_says_so() -> Result<()> {
    let (db, mut session, album) = album().await?;
    let tracks = session[album].tracks.handles();
    session[album].tracks.remove(tracks[1]);
    let sent = db.record();
    session.commit().await?;
    let sql = sent.sql();
    assert_eq!(sql.len(), 1, "{sql:?}");
    assert!(sql[0].starts_with(r#"DELETE FROM "track""#), "{sql:?}");
    assert_eq!(db.stored(TRACKS).await, ["a|1", "c|1"]);
    assert_eq!(session.state(tracks[1]), State::Detached);
    assert_eq!(session[album].tracks.handles(), [tracks[0], tracks[2]]);
    Ok(())
}

#[tokio::test]
async fn u20_otherwise_its_key_is_null() -> Result<()> {
    let (db, mut session, album) = album().await?;
    let notes = session[album].notes.handles();
    session[album].notes.remove(notes[0]);
    session.commit().await?;
    assert_eq!(db.stored("SELECT text, album_id FROM note ORDER BY text").await, ["x|NULL", "y|1"]);
    assert_eq!((session[notes[0]].album_id, session[notes[0]].album.get()), (None, Some(None)));
    Ok(())
}

#[tokio::test]
async fn u20_replacing_the_collection_deletes_what_left_and_inserts_what_is_new() -> Result<()> {
    let (db, mut session, album) = album().await?;
    let tracks = session[album].tracks.handles();
    let new = session.push(album, Album::tracks, Track::builder().name("d"))?;
    session[album].tracks.set([tracks[0], new]);
    session.commit().await?;
    assert_eq!(db.stored(TRACKS).await, ["a|1", "d|1"]);
    assert_eq!(db.stored("SELECT id FROM track WHERE name = 'a'").await, ["1"], "what stayed is untouched");
    Ok(())
}

#[tokio::test]
async fn u21_a_child_that_moves_is_no_orphan() -> Result<()> {
    let (db, mut session, album) = album().await?;
    let other = session.add(Album::builder().title("second"));
    let tracks = session[album].tracks.handles();
    session[album].tracks.remove(tracks[2]);
    session[other].tracks.push(tracks[2]);
    session.commit().await?;
    assert_eq!(db.stored(TRACKS).await, ["a|1", "b|1", "c|2"]);
    Ok(())
}

#[tokio::test]
async fn u20_a_rollback_brings_an_orphan_back() -> Result<()> {
    let (db, mut session, album) = album().await?;
    let tracks = session[album].tracks.handles();
    session[album].tracks.remove(tracks[0]);
    session.flush().await?;
    assert_eq!(session.state(tracks[0]), State::Deleted);
    session.rollback().await?;
    assert_eq!(session.state(tracks[0]), State::Persistent);
    assert_eq!(session[album].tracks.handles(), tracks);
    assert_eq!(db.stored(TRACKS).await.len(), 3);
    Ok(())
}

#[tokio::test]
async fn u22_a_pending_child_that_is_taken_out_is_never_inserted() -> Result<()> {
    let db = TestDb::with::<All>().await;
    let mut session = db.engine.session();
    let track = |name: &str| Track::builder().name(name).takes([Take::builder()]);
    let album = session.add(Album::builder().title("first").tracks(["kept", "dropped"].map(track)));
    let tracks = session[album].tracks.handles();
    let takes = session[tracks[1]].takes.handles();
    session[album].tracks.remove(tracks[1]);
    session.commit().await?;
    assert_eq!(db.stored(TRACKS).await, ["kept|1"]);
    assert_eq!(db.stored("SELECT count(*) FROM take").await, ["1"]);
    assert_eq!((session.state(tracks[1]), session.state(takes[0])), (State::Transient, State::Transient));
    assert_eq!(session.take(tracks[1])?.name, "dropped");
    session.commit().await?;
    Ok(())
}

#[tokio::test]
async fn u22_a_child_that_was_pushed_and_taken_out_of_a_parent_with_a_row_is_never_inserted() -> Result<()> {
    let (db, mut session, album) = album().await?;
    let new = session.push(album, Album::tracks, Track::builder().name("d"))?;
    session[album].tracks.remove(new);
    session[new].album.clear();
    let sent = db.record();
    session.commit().await?;
    assert!(sent.sql().is_empty(), "{:?}", sent.sql());
    assert_eq!(session.state(new), State::Transient);
    assert_eq!(db.stored(TRACKS).await.len(), 3);
    Ok(())
}

#[tokio::test]
async fn u22_a_child_that_was_added_by_itself_stays() -> Result<()> {
    let (db, mut session, album) = album().await?;
    let note = session.add(Note::builder().text("z"));
    session[album].notes.push(note);
    session[album].notes.remove(note);
    session.commit().await?;
    assert_eq!(db.stored("SELECT text, album_id FROM note ORDER BY text").await, ["x|1", "y|1", "z|NULL"]);
    Ok(())
}
