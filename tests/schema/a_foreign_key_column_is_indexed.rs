//! A foreign key gets an index, unless one is there already or `index = false` says otherwise.

use orm_core::prelude::*;
use orm_tests::TestDb;

#[derive(Model, Debug, Clone)]
#[model(table = "target")]
struct Target {
    #[model(primary_key)]
    id: Auto<i32>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "pointer", primary_key(led_by_key, second_of_key))]
#[model(unique(led_by_unique, plain), index(led_by_index, plain), index(only_partly, where = "plain > 0"))]
struct Pointer {
    #[model(references = Target::id)]
    led_by_key: i32,
    #[model(references = Target::id)]
    second_of_key: i32,
    #[model(references = Target::id)]
    led_by_unique: i32,
    #[model(references = Target::id)]
    led_by_index: i32,
    #[model(references = Target::id)]
    only_partly: i32,
    #[model(references = Target::id, unique)]
    itself_unique: i32,
    #[model(references = Target::id, index)]
    asked_for: i32,
    #[model(references = Target::id, index = false)]
    without: i32,
    #[model(references = Target::id)]
    usual: i32,
    plain: i32,
}

#[tokio::test]
async fn only_where_it_is_of_use() {
    let db = TestDb::with::<(Target, Pointer)>().await;
    assert_eq!(
        db.stored("SELECT indexname FROM pg_indexes WHERE tablename = 'pointer' ORDER BY 1").await,
        [
            "pointer_asked_for_idx",
            "pointer_itself_unique_key",
            "pointer_led_by_index_plain_idx",
            "pointer_led_by_unique_plain_key",
            // The partial one has the name first.
            "pointer_only_partly_idx",
            "pointer_only_partly_idx1",
            "pointer_pkey",
            "pointer_second_of_key_idx",
            "pointer_usual_idx",
        ]
    );
}
