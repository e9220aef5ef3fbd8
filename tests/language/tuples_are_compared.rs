//! Q13: several columns at once.

use orm_core::prelude::*;
use orm_core::{Enum, ErrorKind, Result};
use orm_tests::TestDb;

use crate::shop::{Customer, Line, Order, shop};

#[test]
fn q13_tuples_have_their_texts() {
    let text = |condition: Expr<bool, Line>| {
        let sql = query::<Line>().filter(condition).to_sql();
        sql.split_once(" WHERE ").map_or("", |(_, condition)| condition).replace(r#""line"."#, "")
    };
    let tuple = || (Line::quantity, Line::product);
    assert_eq!(text(tuple().eq((1, "tea")).fit()), r#"("quantity", "product") = ($1, $2)"#);
    assert_eq!(text(tuple().ne((1, "tea")).fit()), r#"("quantity", "product") <> ($1, $2)"#);
    assert_eq!(text(tuple().lt((1, "tea")).fit()), r#"("quantity", "product") < ($1, $2)"#);
    assert_eq!(text(tuple().le((1, "tea")).fit()), r#"("quantity", "product") <= ($1, $2)"#);
    assert_eq!(text(tuple().gt((Line::id, "tea")).fit()), r#"("quantity", "product") > ("id", $1)"#);
    assert_eq!(text(tuple().ge((Line::id + 1, "tea")).fit()), r#"("quantity", "product") >= ("id" + $1, $2)"#);
    let some = [(1, "tea"), (2, "milk")];
    assert_eq!(text(tuple().in_(some).fit()), r#"("quantity", "product") IN (SELECT * FROM UNNEST ($1, $2))"#);
    assert_eq!(text(tuple().not_in(some).fit()), r#"NOT (("quantity", "product") IN (SELECT * FROM UNNEST ($1, $2)))"#);
    let three = (Line::order_id, Line::quantity + 1, Line::id).lt((1, 2, 3));
    assert_eq!(text(three.fit()), r#"("order_id", "quantity" + $1, "id") < ($2, $3, $4)"#);
}

#[tokio::test]
async fn q13_tuples_are_compared_column_by_column() -> Result<()> {
    let db = shop().await;
    let ids = async |condition: Expr<bool, Line>| -> Result<Vec<i32>> {
        db.engine.rows(query::<Line>().filter(condition).order_by(Line::id.asc()).select(Line::id)).await
    };
    assert_eq!(ids((Line::order_id, Line::quantity).gt((1, 1)).fit()).await?, [1, 3, 4]);
    assert_eq!(ids((Line::order_id, Line::quantity).le((1, 2)).fit()).await?, [1, 2]);
    assert_eq!(ids((Line::product, Line::quantity).eq(("tea", 1)).fit()).await?, [3]);
    assert_eq!(ids((Line::product, Line::quantity).ne(("tea", 1)).fit()).await?, [1, 2, 4]);
    assert_eq!(ids((Line::order_id, Line::quantity).eq((Line::quantity, Line::order_id)).fit()).await?, [2, 4]);
    Ok(())
}

#[tokio::test]
async fn q13_lists_of_tuples_may_be_of_any_length_and_empty() -> Result<()> {
    let db = shop().await;
    let ids = async |condition: Expr<bool, Line>| -> Result<Vec<i32>> {
        db.engine.rows(query::<Line>().filter(condition).order_by(Line::id.asc()).select(Line::id)).await
    };
    let tuple = || (Line::product, Line::quantity);
    assert_eq!(ids(tuple().in_([("tea", 1), ("milk", 1), ("milk", 2)]).fit()).await?, [2, 3]);
    assert_eq!(ids(tuple().not_in([("tea", 1), ("milk", 1)]).fit()).await?, [1, 4]);
    assert_eq!(ids(tuple().in_(Vec::<(String, i32)>::new()).fit()).await?, Vec::<i32>::new());
    assert_eq!(ids(tuple().not_in(Vec::<(String, i32)>::new()).fit()).await?, [1, 2, 3, 4]);
    let many = (0..70_000).map(|i| (format!("product {i}"), i)).chain([("tea".to_owned(), 2)]);
    assert_eq!(ids(tuple().in_(many).fit()).await?, [1]);
    let nulls = query::<Customer>().filter((Customer::city, Customer::born).in_([("Riga", 1990), ("Tartu", 1)]));
    assert_eq!(db.engine.rows(nulls.select(Customer::id)).await?, [1]);
    let both = query::<Customer>().join(Customer::orders);
    let both = both.filter((Customer::id, Order::total).in_([(1, 250), (2, 700)])).order_by(Order::id.asc());
    assert_eq!(db.engine.rows(both.select(Order::id)).await?, [2, 3]);
    let refused = query::<Line>().filter(tuple().in_([("tea\0", 1)]));
    let refused = db.engine.all(refused).await.expect_err("text has no NUL");
    assert_eq!((refused.kind(), refused.column()), (ErrorKind::Encode, Some("product")));
    let refused = query::<Line>().filter(tuple().eq(("tea\0", 1)));
    assert_eq!(db.engine.all(refused).await.expect_err("text has no NUL").kind(), ErrorKind::Encode);
    Ok(())
}

#[derive(Enum, Debug, Clone, Copy, PartialEq)]
#[model(name = "size of a box")]
enum Size {
    Small,
    Large,
}

#[derive(Model, Debug, Clone)]
struct Parcel {
    #[model(primary_key)]
    id: Auto<i32>,
    size: Size,
    #[model(sql_type = "char(3)")]
    code: String,
    token: uuid::Uuid,
}

#[tokio::test]
async fn q13_a_tuple_may_have_an_enum_and_a_type_of_its_own() -> Result<()> {
    let db = TestDb::with::<Parcel>().await;
    let mut session = db.engine.session();
    let token = |n: u128| uuid::Uuid::from_u128(n);
    let parcel = |size, code: &str, n| Parcel::builder().size(size).code(code).token(token(n));
    session.add_all([parcel(Size::Small, "a", 1), parcel(Size::Large, "b", 2), parcel(Size::Large, "c", 3)]);
    session.commit().await?;
    let ids = async |condition: Expr<bool, Parcel>| -> Result<Vec<i32>> {
        db.engine.rows(query::<Parcel>().filter(condition).order_by(Parcel::id.asc()).select(Parcel::id)).await
    };
    let of = [(Size::Large, "b", token(2)), (Size::Large, "c", token(1)), (Size::Small, "a", token(1))];
    assert_eq!(ids((Parcel::size, Parcel::code, Parcel::token).in_(of).fit()).await?, [1, 2]);
    assert_eq!(ids((Parcel::size, Parcel::code).gt((Size::Large, "b")).fit()).await?, [3]);
    assert_eq!(ids((Parcel::size, Parcel::token).eq((Size::Small, token(1))).fit()).await?, [1]);
    Ok(())
}
