//! What the server cuts off, takes for the same or cannot count: names of more than 63 bytes, tables of one name in two schemas,
//! and numbers of rows beyond `bigint`.

use orm_core::Result;
use orm_core::prelude::*;
use orm_core::sql::Filters;
use orm_tests::TestDb;

use crate::shop::{Customer, Line, Order, shop};

#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "order", schema = "a\"b")]
struct Bought {
    #[model(primary_key)]
    id: i32,
    r#type: i16,
}

#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "order", schema = "select")]
struct Sold {
    #[model(primary_key)]
    id: i32,
    r#type: i64,
}

#[tokio::test]
async fn q14_tables_of_one_name_in_two_schemas_are_told_apart() -> Result<()> {
    let db = TestDb::new();
    db.run(r#"CREATE SCHEMA "a""b"; CREATE SCHEMA "select""#).await;
    db.engine.create_all::<(Bought, Sold)>().await?;
    db.engine.insert([Bought { id: 1, r#type: 2 }, Bought { id: 2, r#type: i16::MAX }]).await?;
    db.engine.insert([Sold { id: 1, r#type: 3 }]).await?;
    let joined = query::<Bought>().join_on(Sold::TABLE, Sold::id.eq(Bought::id));
    assert!(
        joined.to_sql().ends_with(r#"JOIN "select"."order" AS "order_1" ON "order_1"."id" = "a""b"."order"."id""#),
        "{joined:?}"
    );
    assert_eq!(db.engine.rows(joined.clone().select((Bought::r#type, Sold::r#type))).await?, [(2, 3)]);
    let engine = db.engine.with_filters(&Filters::new().add("few", Bought::TABLE, Bought::r#type.lt(5)).add(
        "few",
        Sold::TABLE,
        Sold::r#type.gt(5),
    ));
    let full = query::<Bought>().full_join_on(Sold::TABLE, Sold::id.eq(Bought::id)).select((Bought::id, Sold::id));
    assert_eq!(engine.rows(full).await?, [(Some(1), None)]);
    let mut session = db.engine.session();
    assert_eq!(joined.clone().for_update().of(Sold::TABLE).on(&mut session).all().await?.len(), 1);
    session.rollback().await?;
    let updated = joined.clone().on(&db.engine).update(Bought::r#type.set(4)).returning((Bought::r#type, Sold::r#type));
    assert_eq!(updated.await?, [(4, 3)]);
    assert_eq!(joined.on(&db.engine).delete().returning((Bought::id, Sold::id)).await?, [(1, 1)]);
    let both = query::<Sold>().filter(query::<Bought>().outer(Sold::TABLE).filter(Bought::id.gt(Sold::id)).exists_in());
    assert_eq!(db.engine.query::<Sold>().count().await?, 1);
    assert_eq!(db.engine.all(both).await?, [Sold { id: 1, r#type: 3 }]);
    Ok(())
}

#[tokio::test]
async fn q15_aliases_that_the_server_would_cut_to_the_same_name_are_told_apart() -> Result<()> {
    let db = shop().await;
    aliased!(let the_customer_whose_name_is_so_long_that_the_server_cuts_off_what_is_behind_one = Customer);
    aliased!(let the_customer_whose_name_is_so_long_that_the_server_cuts_off_what_is_behind_two = Customer);
    let one = &the_customer_whose_name_is_so_long_that_the_server_cuts_off_what_is_behind_one;
    let two = &the_customer_whose_name_is_so_long_that_the_server_cuts_off_what_is_behind_two;
    let later = query::<Customer>().join_on(one, one.c.id.gt(Customer::id)).join_on(two, two.c.id.gt(one.c.id));
    let later = later.order_by(one.c.id.asc()).order_by(two.c.id.asc()).select((one.c.id, two.c.id));
    assert!(
        later.to_sql().contains(r#" AS "the_customer_whose_name_is_so_long_that_the_server_cuts_off_wha""#),
        "{later:?}"
    );
    assert!(
        later.to_sql().contains(r#" AS "the_customer_whose_name_is_so_long_that_the_server_cuts_off_w_1""#),
        "{later:?}"
    );
    assert_eq!(db.engine.rows(later).await?, [(2, 3), (2, 4), (3, 4), (3, 4)]);
    // The inner one is not taken for the outer one: each customer has another one of its city, or has not.
    let same = query_from(two).outer(one.table()).filter(two.c.city.eq(one.c.city)).filter(two.c.id.ne(one.c.id));
    let shared = query_from(one).filter(same.exists_in()).order_by(one.c.id.asc()).select(one.c.name);
    assert_eq!(db.engine.rows(shared).await?, ["Ann", "Cleo"]);
    Ok(())
}

#[tokio::test]
async fn q18_common_table_expressions_that_the_server_would_cut_to_the_same_name_are_told_apart() -> Result<()> {
    let db = shop().await;
    cte!(let the_orders_whose_name_is_so_long_that_the_server_cuts_off_what_is_behind_one = query::<Order>().filter(Order::id.eq(1)));
    cte!(let the_orders_whose_name_is_so_long_that_the_server_cuts_off_what_is_behind_two = query::<Order>().filter(Order::id.eq(2)));
    let one = &the_orders_whose_name_is_so_long_that_the_server_cuts_off_what_is_behind_one;
    let two = &the_orders_whose_name_is_so_long_that_the_server_cuts_off_what_is_behind_two;
    let both = query_from(one).select(one.c.id).union_all(query_from(two).select(two.c.id));
    assert_eq!(db.engine.rows(both).await?, [1, 2]);
    Ok(())
}

#[tokio::test]
async fn q01_a_limit_beyond_all_rows_is_one() -> Result<()> {
    let db = shop().await;
    let orders = || db.engine.query::<Order>().order_by(Order::id.asc());
    assert!(
        orders()
            .limit(u64::MAX)
            .offset(u64::MAX)
            .to_sql()
            .ends_with("LIMIT 9223372036854775807 OFFSET 9223372036854775807")
    );
    assert_eq!(orders().limit(u64::MAX).all().await?.len(), 4);
    assert_eq!(orders().limit(u64::MAX).offset(3).all().await?.len(), 1);
    assert_eq!(orders().offset(u64::MAX).all().await?.len(), 0);
    assert_eq!(orders().offset(u64::MAX).count().await?, 0);
    assert_eq!(orders().select(Order::id).limit(u64::MAX).all().await?, [1, 2, 3, 4]);
    let page = orders().after(None, u64::MAX).await?;
    assert_eq!((page.items.len(), page.has_next), (4, false));
    assert_eq!(orders().limit(0).all().await?.len(), 0);
    assert!(!orders().limit(0).exists().await?);
    Ok(())
}

#[tokio::test]
async fn q16_an_aggregate_of_no_rows_is_a_row_that_exists() -> Result<()> {
    let db = shop().await;
    let none = || query::<Order>().filter(Order::id.lt(0)).select(Order::id.count());
    assert!(none().on(&db.engine).exists().await?);
    let all = query::<Customer>().filter(none().exists_in());
    assert!(
        all.to_sql().ends_with(r#"WHERE EXISTS (SELECT count("order"."id") FROM "order" WHERE "order"."id" < $1)"#),
        "{all:?}"
    );
    assert_eq!(db.engine.all(all).await?.len(), 4);
    assert_eq!(db.engine.all(query::<Customer>().filter(none().not_exists_in())).await?, []);
    let columns =
        query::<Line>().outer(Customer::TABLE).filter(Line::id.eq(Customer::id)).select((Line::id, Line::product));
    assert!(query::<Customer>().filter(columns.exists_in()).to_sql().contains("EXISTS (SELECT 1 FROM"));
    Ok(())
}
