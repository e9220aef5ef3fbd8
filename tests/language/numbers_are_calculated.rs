//! Q8: arithmetic, and the bits of integers.

use orm_core::Result;
use orm_core::prelude::*;

use crate::shop::{Customer, Line, Order, shop};

fn text<T: orm_core::types::Field, U, I>(expression: Expr<T, U>) -> String
where
    U: orm_core::sql::InScope<(Line, ()), I>,
{
    let sql = query::<Line>().filter(expression.is_null()).to_sql();
    let condition = sql.split_once(" WHERE ").map_or("", |(_, condition)| condition);
    condition.trim_end_matches(" IS NULL").replace(r#""line"."#, "")
}

#[test]
fn q08_operators_have_their_texts() {
    assert_eq!(text(Line::quantity + 1), r#"("quantity" + $1)"#);
    assert_eq!(text(Line::quantity - Line::id), r#"("quantity" - "id")"#);
    assert_eq!(text(Line::quantity * 2 + 1), r#"(("quantity" * $1) + $2)"#);
    assert_eq!(text(Line::quantity * (Line::id + 1)), r#"("quantity" * ("id" + $1))"#);
    assert_eq!(text(Line::quantity / 2), r#"("quantity" / $1)"#);
    assert_eq!(text(Line::quantity % 2), r#"("quantity" % $1)"#);
    assert_eq!(text((Line::quantity + 1) % 2), r#"(("quantity" + $1) % $2)"#);
    assert_eq!(text(-Line::quantity), r#"(- "quantity")"#);
    assert_eq!(text(-(-(Line::quantity + 1))), r#"(- (- ("quantity" + $1)))"#);
    assert_eq!(text(1 + Line::quantity), r#"($1 + "quantity")"#);
    assert_eq!(text(10 - (Line::quantity - 1)), r#"($1 - ("quantity" - $2))"#);
    assert_eq!(text(100 % Line::quantity), r#"($1 % "quantity")"#);
    assert_eq!(text(Line::quantity.bit_and(6)), r#"("quantity" & $1)"#);
    assert_eq!(text(Line::quantity.bit_or(Line::id)), r#"("quantity" | "id")"#);
    assert_eq!(text(Line::quantity.bit_xor(1).bit_not()), r#"(~ ("quantity" # $1))"#);
    assert_eq!(text(Line::quantity.shift_left(2).shift_right(Line::id)), r#"(("quantity" << $1) >> "id")"#);
    assert_eq!(text(Line::product.concat("!")), r#"("product" || $1)"#);
}

#[tokio::test]
async fn q08_operators_give_what_postgresql_gives() -> Result<()> {
    let db = shop().await;
    let quantity = query::<Line>().filter(Line::id.eq(4)).select((
        Line::quantity / 2,
        Line::quantity % 2,
        -Line::quantity,
        10 - Line::quantity,
        10 / (Line::quantity + 1),
        (-Line::quantity) / 2,
        (-Line::quantity) % 2,
    ));
    assert_eq!(db.engine.rows(quantity).await?, [(1, 1, -3, 7, 2, -1, -1)]);
    let bits = query::<Line>().filter(Line::id.eq(4)).select((
        Line::quantity.bit_and(6),
        Line::quantity.bit_or(4),
        Line::quantity.bit_xor(1),
        Line::quantity.bit_not(),
        Line::quantity.shift_left(4),
        Line::quantity.shift_right(1),
    ));
    assert_eq!(db.engine.rows(bits).await?, [(2, 7, 2, -4, 48, 1)]);
    let total = query::<Order>().order_by(Order::id.asc()).select((
        Order::total % 300,
        Order::total * Order::customer_id.cast::<i64>(),
        1.0 - Order::discount,
        Order::total.cast::<f64>() * Order::discount,
    ));
    let rows = db.engine.rows(total).await?;
    assert_eq!(rows[0], (100, 1000, Some(0.9), Some(100.0)));
    assert_eq!(rows[2], (100, 1400, None, None));
    Ok(())
}

#[tokio::test]
async fn q08_text_is_joined_and_null_with_a_null() -> Result<()> {
    let db = shop().await;
    let place = Customer::name.concat(" of ").concat(Customer::city);
    let known = query::<Customer>().order_by(Customer::id.asc()).limit(2);
    let rows: Vec<Option<String>> = db.engine.rows(known.select(place)).await?;
    assert_eq!(rows, [Some("Ann of Riga".to_owned()), None]);
    Ok(())
}

#[tokio::test]
async fn q08_what_overflows_is_the_servers_error() -> Result<()> {
    let db = shop().await;
    let too_much = query::<Line>().filter((Line::quantity + i32::MAX).gt(0));
    assert_eq!(db.engine.all(too_much).await.expect_err("it overflows").sqlstate(), Some("22003"));
    let by_zero = query::<Line>().filter((Line::quantity % 0).gt(0));
    assert_eq!(db.engine.all(by_zero).await.expect_err("by zero").sqlstate(), Some("22012"));
    Ok(())
}
