//! NULL in a column whose field is not an `Option`, wherever it is read.

use orm_core::prelude::*;
use orm_core::{Error, ErrorKind};
use orm_tests::TestDb;

use crate::said;

#[derive(Model, Debug, Clone)]
#[model(table = "shelf", schema = "lib")]
struct Shelf {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(column = "label text")]
    label: String,
    #[model(has_many = Book::shelf)]
    books: HasMany<Book>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "book")]
struct Book {
    #[model(primary_key)]
    id: Auto<i32>,
    title: String,
    #[model(references = Shelf::id)]
    shelf_id: i32,
    #[model(belongs_to = shelf_id)]
    shelf: BelongsTo<Shelf>,
}

async fn database() -> TestDb {
    let db = TestDb::with::<(Shelf, Book)>().await;
    db.run("ALTER TABLE lib.shelf ALTER \"label text\" DROP NOT NULL; ALTER TABLE book ALTER title DROP NOT NULL")
        .await;
    db.run("INSERT INTO lib.shelf VALUES (1, NULL); INSERT INTO book VALUES (1, NULL, 1)").await;
    db
}

#[track_caller]
fn named(error: &Error, table: &str, column: &str) {
    let message = format!("column `{table}.{column}` is null but the field is not an `Option`");
    said::check(error, ErrorKind::Decode, &[&message], &[]);
    assert_eq!((error.table(), error.column()), (Some(table), Some(column)));
}

#[tokio::test]
async fn in_a_query_of_models() {
    let db = database().await;
    named(&db.engine.query::<Shelf>().all().await.unwrap_err(), "lib.shelf", "label text");
    named(&db.engine.session().query::<Shelf>().all().await.unwrap_err(), "lib.shelf", "label text");
    named(&db.engine.session().get::<Book>(1).await.unwrap_err(), "book", "title");
}

#[tokio::test]
async fn in_a_loaded_relationship() {
    let db = database().await;
    db.run("UPDATE lib.shelf SET \"label text\" = 'x'").await;
    named(&db.engine.query::<Shelf>().with(Shelf::books).all().await.unwrap_err(), "book", "title");
    let mut session = db.engine.session();
    named(&session.query::<Shelf>().with(Shelf::books).all().await.unwrap_err(), "book", "title");
}

#[tokio::test]
async fn in_a_query_of_columns() {
    let db = database().await;
    let error = db.engine.query::<Book>().select((Book::id, Book::title)).all().await.unwrap_err();
    assert_eq!((error.kind(), error.column()), (ErrorKind::Decode, Some("title")));
    let error = db.engine.query::<Book>().join(Book::shelf).select((Book::id, Shelf::label)).all().await.unwrap_err();
    assert_eq!((error.kind(), error.column()), (ErrorKind::Decode, Some("label text")));
}

#[tokio::test]
async fn in_what_the_server_made() {
    #[derive(Model, Debug, Clone)]
    #[model(table = "made")]
    struct Made {
        #[model(primary_key)]
        id: Auto<i32>,
        #[model(default = "1")]
        number: Auto<i32>,
    }
    let db = TestDb::with::<Made>().await;
    db.run("ALTER TABLE made ALTER number DROP NOT NULL, ALTER number SET DEFAULT NULL").await;
    let mut session = db.engine.session();
    session.add(Made::builder());
    named(&session.commit().await.unwrap_err(), "made", "number");
    // The connection is of use afterwards.
    db.engine.query::<Made>().count().await.expect("a count");
}
