//! Names that would be the same are told apart, and names that would be too long are cut to 63 bytes.

use std::collections::HashSet;

use orm_core::prelude::*;
use orm_tests::TestDb;

/// Its index on `b_c` would be called as that of [`AB`] on `c`.
#[derive(Model, Debug, Clone)]
#[model(table = "a")]
struct A {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(index)]
    b_c: i32,
    #[model(unique)]
    b_d: i32,
}

#[derive(Model, Debug, Clone)]
#[model(table = "a_b")]
struct AB {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(index)]
    #[model(constants = off)]
    c: i32,
    #[model(unique)]
    d: i32,
}

/// Named as the primary key of [`A`] would be.
#[derive(Model, Debug, Clone)]
#[model(table = "a_pkey")]
struct Pkey {
    #[model(primary_key)]
    id: Auto<i32>,
}

#[tokio::test]
async fn of_two_tables() {
    let db = TestDb::with::<(A, AB, Pkey)>().await;
    let indexes =
        db.stored("SELECT tablename, count(*) FROM pg_indexes WHERE schemaname = 'public' GROUP BY 1 ORDER BY 1").await;
    assert_eq!(indexes, ["a|3", "a_b|3", "a_pkey|1"]);
    db.engine.create_all::<(A, AB, Pkey)>().await.expect("a second time");
    let again = db.stored("SELECT count(*) FROM pg_indexes WHERE schemaname = 'public'").await;
    assert_eq!(again, ["7"]);
}

/// Several constraints and indexes over the same columns, and over columns whose joined names are the same.
#[derive(Model, Debug, Clone)]
#[model(table = "t", index(a), index(a, using = "hash"), index(a, where = "a > 0"), index(a, where = "a > 1"))]
#[model(unique(a, b), index(a, b), unique(a_b), check("a > 0", name = "t_check1"))]
#[model(check("a > 1"), check("a > 2"), check("a > 3", name = "t_a_check"))]
struct T {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(check = "a > 4", references = U::x, index = false)]
    a: i32,
    b: i32,
    #[model(references = U::x)]
    a_b: i32,
    #[model(index(name = "t_b_c_idx"))]
    #[model(constants = off)]
    c: i32,
    #[model(index)]
    b_c: i32,
}

#[derive(Model, Debug, Clone)]
#[model(table = "u")]
struct U {
    #[model(primary_key)]
    x: i32,
}

#[tokio::test]
async fn of_one_table() {
    let db = TestDb::with::<(T, U)>().await;
    let checks = "SELECT count(*) FROM pg_constraint WHERE conrelid = 't'::regclass AND contype = 'c'";
    assert_eq!(db.stored(checks).await, ["5"]);
    let indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = 't'";
    // The primary key, 2 UNIQUE, 5 over `a`, `(a, b)`, those of `c` and `b_c`; `a_b` is led by its UNIQUE.
    assert_eq!(db.stored(indexes).await, ["10"]);
}

/// A composite key over `(a, b)` and one over `a_b` would both be called `pair_a_b_fkey`.
#[derive(Model, Debug, Clone)]
#[model(table = "pair", primary_key(x, y))]
struct Pair {
    x: i32,
    y: i32,
}

#[derive(Model, Debug, Clone)]
#[model(table = "points")]
struct Points {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = Pair::x)]
    a: i32,
    #[model(references = Pair::y)]
    b: i32,
    #[model(belongs_to = (a, b))]
    pair: BelongsTo<Pair>,
    #[model(references = U::x)]
    a_b: i32,
}

#[tokio::test]
async fn of_foreign_keys() {
    let db = TestDb::with::<(Points, Pair, U)>().await;
    let keys = "SELECT count(*) FROM pg_constraint WHERE conrelid = 'points'::regclass AND contype = 'f'";
    assert_eq!(db.stored(keys).await, ["2"]);
    let indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = 'points'";
    assert_eq!(db.stored(indexes).await, ["3"]);
    db.engine.create_all::<(Points, Pair, U)>().await.expect("a second time");
    db.engine.drop_all::<(Points, Pair, U)>().await.expect("dropped");
}

#[derive(Model, Debug, Clone)]
#[model(table = "a_table_whose_name_is_so_long_that_nothing_can_be_put_behind_it")]
#[model(index(first_column_with_a_long_name, second_column_with_a_long_name))]
#[model(index(first_column_with_a_long_name, third_column_with_a_long_name))]
#[model(unique(second_column_with_a_long_name), unique(third_column_with_a_long_name))]
#[model(check("first_column_with_a_long_name > 0"), check("first_column_with_a_long_name > 1"))]
struct Long {
    #[model(primary_key)]
    id: Auto<i32>,
    first_column_with_a_long_name: i32,
    second_column_with_a_long_name: i32,
    #[model(references = Long::id)]
    third_column_with_a_long_name: i32,
}

#[derive(Model, Debug, Clone)]
#[model(table = "таблица_с_очень_длинным_именем", unique(колонка_один), unique(колонка_два))]
struct Cyrillic {
    #[model(primary_key)]
    id: Auto<i32>,
    колонка_один: i32,
    колонка_два: i32,
}

#[tokio::test]
async fn when_they_are_cut() {
    let db = TestDb::with::<(Long, Cyrillic)>().await;
    let names = db
        .stored("SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n' UNION ALL SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
        .await;
    let ddl = Metadata::of::<(Long, Cyrillic)>().expect("two tables").ddl();
    for name in &names {
        assert!(name.len() <= 63, "{name}");
        assert!(ddl.contains(&format!("\"{name}\"")), "the server cut {name}");
    }
    let distinct: HashSet<&String> = names.iter().collect();
    // Unique constraints and primary keys are there twice: as constraints and as indexes.
    assert_eq!((names.len(), distinct.len()), (17, 11));
}
