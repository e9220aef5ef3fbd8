//! Creating a table whose foreign key leads to a table that is neither created nor there.

use orm_core::ErrorKind;
use orm_core::prelude::*;
use orm_tests::TestDb;

#[derive(Model, Debug, Clone)]
#[model(table = "absent_parent")]
struct Parent {
    #[model(primary_key)]
    id: Auto<i32>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "present_child")]
struct Child {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = Parent::id)]
    parent_id: i32,
}

#[tokio::test]
async fn the_error_says_what_to_do() -> orm_core::Result<()> {
    let db = TestDb::new();
    let error = db.engine.create_all::<Child>().await.expect_err("its parent is not there");
    assert_eq!(error.kind(), ErrorKind::Schema);
    let text = error.to_string();
    assert!(text.contains("absent_parent") && text.contains("among those that are created"), "{text}");
    db.engine.create_all::<Parent>().await?;
    db.engine.create_all::<Child>().await?;
    Ok(())
}
