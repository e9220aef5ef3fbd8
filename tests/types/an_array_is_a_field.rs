//! `Vec<T>` and `Option<Vec<T>>`; what an array of PostgreSQL can be beyond them is refused.

use orm_core::ErrorKind;
use orm_core::prelude::*;
use orm_tests::TestDb;

#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "list")]
struct List {
    #[model(primary_key)]
    id: Auto<i32>,
    numbers: Option<Vec<i32>>,
    texts: Vec<Option<String>>,
    blobs: Vec<Vec<u8>>,
    #[model(sql_type = "varchar(3)[]")]
    short: Vec<String>,
    #[model(default = "'{1,2}'")]
    made: Auto<Vec<i64>>,
}

#[tokio::test]
async fn it_may_be_null_and_hold_nulls() -> orm_core::Result<()> {
    let db = TestDb::with::<List>().await;
    let mut session = db.engine.session();
    let texts = vec![None, Some(String::new()), Some("NULL".into()), Some("{\"}".into()), None];
    let one =
        session.add(List::builder().texts(texts.clone()).blobs(vec![vec![], vec![0, 255]]).short(vec!["abc".into()]));
    let two = session.add(List::builder().numbers(vec![1, 2]).texts(vec![]).blobs(vec![]).short(vec![]).made(vec![7]));
    session.commit().await?;
    assert_eq!(session[one].made, Auto::Value(vec![1, 2]));
    let found = db.engine.query::<List>().order_by(List::id.asc()).all().await?;
    assert_eq!(found, [session[one].clone(), session[two].clone()]);
    assert_eq!(found[0].texts, texts);
    let found = db.engine.query::<List>().filter(List::numbers.eq(vec![1, 2])).all().await?;
    assert_eq!(found.len(), 1);
    let found = db.engine.query::<List>().filter(List::texts.eq(texts)).all().await?;
    assert_eq!(found.len(), 1);
    assert_eq!(db.engine.query::<List>().filter(List::short.eq(vec!["abc".to_owned()])).count().await?, 1);
    Ok(())
}

#[tokio::test]
async fn one_of_two_dimensions_is_refused() {
    let db = TestDb::with::<List>().await;
    db.run("INSERT INTO list (numbers, texts, blobs, short) VALUES ('{{1,2},{3,4}}', '{}', '{}', '{}')").await;
    let error = db.engine.query::<List>().all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!((error.table(), error.column()), (Some("list"), Some("numbers")));
}

#[tokio::test]
async fn a_null_in_an_array_of_plain_values_is_named_as_such() {
    let db = TestDb::with::<List>().await;
    db.run("INSERT INTO list (numbers, texts, blobs, short) VALUES ('{1,NULL}', '{}', '{}', '{}')").await;
    let error = db.engine.query::<List>().all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(
        error.to_string(),
        "column `list.numbers` holds an array with a null in it, but the elements of the field are not `Option`s"
    );
}

#[tokio::test]
async fn bounds_of_ones_own_are_read_as_usual_ones() -> orm_core::Result<()> {
    let db = TestDb::with::<List>().await;
    db.run("INSERT INTO list (numbers, texts, blobs, short) VALUES ('[5:6]={1,2}', '{}', '{}', '{}')").await;
    let found = db.engine.query::<List>().one().await?;
    assert_eq!(found.numbers, Some(vec![1, 2]));
    Ok(())
}
