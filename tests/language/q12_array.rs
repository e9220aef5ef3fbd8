//! Q12, arrays: their elements and parts, what they hold, and what is made of them.

use orm_core::ErrorKind;
use orm_core::prelude::*;
use orm_tests::TestDb;

use crate::shop::{Line, Order, shop};

#[test]
fn q12_arrays_are_asked_in_sql() {
    let sql = |condition: Expr<bool, Order>| {
        let sql = query::<Order>().filter(condition).select(Order::id).to_sql();
        sql.split_once(" WHERE ").expect("a condition").1.to_owned()
    };
    assert_eq!(sql(Order::tags.has_element("gift").fit()), r#"$1 = ANY ("order"."tags")"#);
    assert_eq!(sql(Order::status.ne(all_elements(Order::tags)).fit()), r#""order"."status" <> ALL ("order"."tags")"#);
    assert_eq!(sql(Order::tags.includes(["gift"]).fit()), r#""order"."tags" @> $1"#);
    assert_eq!(sql(Order::tags.included_in(vec!["gift"]).fit()), r#""order"."tags" <@ $1"#);
    assert_eq!(sql(Order::tags.overlaps(["gift"]).fit()), r#""order"."tags" && $1"#);
    assert_eq!(
        sql(Order::tags.array_append("new").slice(1, 2).cardinality().eq(2).fit()),
        r#"cardinality((array_append("order"."tags", $1))[$2:$3]) = $4"#
    );
}

#[tokio::test]
async fn q12_arrays_are_asked() -> orm_core::Result<()> {
    let db = shop().await;
    macro_rules! ids {
        ($condition:expr) => {
            db.engine.query::<Order>().filter($condition).order_by(Order::id.asc()).select(Order::id).all().await?
        };
    }
    assert_eq!(ids!(Order::tags.has_element("gift")), [1]);
    assert_eq!(ids!(Order::tags.has_element(Order::status)), [0; 0]);
    assert_eq!(ids!(Order::status.eq(any_element(Order::tags))), [0; 0]);
    assert_eq!(ids!(Order::status.ne(all_elements(Order::tags))), [1, 2, 3, 4]);
    assert_eq!(ids!(Order::status.gt(all_elements(Order::tags))), [1, 2, 3, 4]);
    assert_eq!(ids!(Order::tags.includes(["fast", "gift"])), [1]);
    assert_eq!(ids!(Order::tags.included_in(["fast"])), [2, 3, 4]);
    assert_eq!(ids!(Order::tags.overlaps(["fast", "slow"])), [1, 3]);
    assert_eq!(ids!(Order::tags.element(1).eq("fast")), [3]);
    assert_eq!(ids!(Order::tags.cardinality().eq(0)), [2, 4]);
    assert_eq!(ids!(Order::tags.array_length().is_null()), [2, 4]);
    Ok(())
}

#[tokio::test]
async fn q12_arrays_are_taken_apart_and_made() -> orm_core::Result<()> {
    let db = shop().await;
    let first = || db.engine.query::<Order>().filter(Order::id.eq(1));
    let parts = first()
        .select((
            Order::tags.element(2),
            Order::tags.element(3),
            Order::tags.slice(2, 9),
            Order::tags.array_position("fast"),
            Order::tags.array_to_string(", "),
        ))
        .one()
        .await?;
    assert_eq!(parts, (Some("fast".into()), None, vec!["fast".into()], Some(2), "gift, fast".into()));
    let made = first()
        .select((
            Order::tags.array_append("z"),
            Order::tags.array_prepend("a"),
            Order::tags.array_remove("gift"),
            Order::tags.array_cat(["b", "c"]),
            array_of([Order::total, Order::total]),
        ))
        .one()
        .await?;
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    assert_eq!(
        made,
        (
            texts(&["gift", "fast", "z"]),
            texts(&["a", "gift", "fast"]),
            texts(&["fast"]),
            texts(&["gift", "fast", "b", "c"]),
            vec![1000, 1000]
        )
    );
    let none = first().select(array_of(Vec::<Column<Order, String>>::new())).one().await?;
    assert!(none.is_empty());
    let tags = db.engine.query::<Order>().select(Order::tags.unnest()).all().await?;
    assert_eq!(tags, ["gift", "fast", "fast"]);
    let notes =
        db.engine.query::<Line>().filter(Line::id.eq(1)).select(array_of([Line::note, Line::note])).one().await?;
    assert_eq!(notes, [None, None]);
    Ok(())
}

#[tokio::test]
async fn q12_arrays_are_set() -> orm_core::Result<()> {
    let db = shop().await;
    let tagged = Order::tags.set(Order::tags.array_append("seen"));
    assert_eq!(db.engine.query::<Order>().filter(Order::tags.has_element("gift")).update(tagged).await?, 1);
    assert_eq!(db.stored(r#"SELECT tags FROM "order" WHERE id = 1"#).await, ["{gift,fast,seen}"]);
    Ok(())
}

#[derive(Model, Debug, Clone, PartialEq)]
struct Codes {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(sql_type = "varchar(3)[]")]
    short: Vec<String>,
    parts: Option<Vec<Option<i64>>>,
}

#[tokio::test]
async fn q12_arrays_with_a_sql_type_of_their_own_and_with_nulls_are_asked() -> orm_core::Result<()> {
    let db = TestDb::with::<Codes>().await;
    let mut session = db.engine.session();
    session.add(Codes::builder().short(vec!["ab".into(), "c".into()]).parts(vec![Some(1), None]));
    session.add(Codes::builder().short(vec![]));
    session.commit().await?;
    let count = async |condition: Expr<Option<bool>, Codes>| db.engine.query::<Codes>().filter(condition).count().await;
    let one = db.engine.query::<Codes>().filter(Codes::short.has_element("ab"));
    let made = one
        .select((
            Codes::short.array_append("d"),
            Codes::short.array_remove("ab"),
            Codes::short.array_position("c"),
            Codes::parts.element(1),
            Codes::parts.element(2),
            Codes::parts.cardinality(),
        ))
        .one()
        .await?;
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    assert_eq!(made, (texts(&["ab", "c", "d"]), texts(&["c"]), Some(2), Some(1), None, Some(2)));
    assert_eq!(db.engine.query::<Codes>().filter(Codes::short.includes(["c"])).count().await?, 1);
    assert_eq!(count(Codes::parts.has_element(1_i64).fit()).await?, 1);
    assert_eq!(count(Codes::parts.has_element(2_i64).fit()).await?, 0);
    assert_eq!(count(Codes::parts.has_element(2_i64).not().fit()).await?, 0);
    assert_eq!(count(Codes::parts.includes([1_i64]).fit()).await?, 1);
    Ok(())
}

#[tokio::test]
async fn q12_any_element_stands_in_a_comparison_alone() -> orm_core::Result<()> {
    let db = shop().await;
    let recording = db.record();
    let between = Order::status.between("a", any_element(Order::tags));
    let error = db.engine.query::<Order>().filter(between).all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(error.to_string(), "`between` takes one value for each bound, and not any or all of several");
    assert!(recording.statements().is_empty());
    let like =
        db.engine.query::<Order>().filter(Order::status.like(any_element(array_of([Order::status])))).count().await?;
    assert_eq!(like, 4);
    Ok(())
}
