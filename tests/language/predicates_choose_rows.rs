//! Q6: comparisons, lists and tests for NULL.

use orm_core::Result;
use orm_core::prelude::*;
use orm_tests::TestDb;

use crate::shop::{Customer, Line, Order, shop};

fn condition(sql: &str) -> &str {
    sql.split_once(" WHERE ").map_or("", |(_, condition)| condition)
}

#[test]
fn q06_a_list_of_one_condition_keeps_its_parentheses() {
    let either = || Customer::id.eq(1).or(Customer::id.eq(2)).fit::<Customer, _>();
    let list = query::<Customer>().filter(all_of([either()])).filter(Customer::name.eq("Ann"));
    let wanted = r#"("customer"."id" = $1 OR "customer"."id" = $2) AND "customer"."name" = $3"#;
    assert_eq!(condition(&list.to_sql()), wanted);
    let joined = query::<Customer>().filter(Customer::name.eq("Ann").and(all_of([either()])));
    assert!(condition(&joined.to_sql()).ends_with(r#" AND ("customer"."id" = $2 OR "customer"."id" = $3)"#));
    let nested = query::<Customer>().filter(all_of([any_of([all_of([either()])])])).filter(Customer::name.eq("Ann"));
    assert_eq!(condition(&nested.to_sql()), wanted);
    let both = Customer::id.eq(1).and(Customer::id.eq(2)).fit::<Customer, _>();
    let any = query::<Customer>().filter(any_of([any_of([both]), Customer::id.eq(3)]));
    let wanted = r#"("customer"."id" = $1 AND "customer"."id" = $2) OR "customer"."id" = $3"#;
    assert_eq!(condition(&any.to_sql()), wanted);
}

#[tokio::test]
async fn q06_lists_may_be_of_any_length_and_empty() -> Result<()> {
    let db = shop().await;
    let names = |condition: Expr<Option<bool>, Customer>| {
        db.engine.rows(query::<Customer>().filter(condition).order_by(Customer::id.asc()).select(Customer::name))
    };
    assert_eq!(names(Customer::id.in_(2..70_002).nullable().fit()).await?, ["Bob", "Cleo", "Dan"]);
    assert_eq!(names(Customer::id.not_in(2..70_002).nullable().fit()).await?, ["Ann"]);
    assert_eq!(names(Customer::born.in_(1_985..71_985).fit()).await?, ["Ann", "Bob", "Dan"]);
    assert_eq!(names(Customer::born.not_in([1990]).fit()).await?, ["Bob", "Dan"]);
    // Of an empty list both are known, of NULL too.
    assert_eq!(names(Customer::born.in_(Vec::<i32>::new()).fit()).await?, Vec::<String>::new());
    assert_eq!(names(Customer::born.in_(Vec::<i32>::new()).not().fit()).await?.len(), 4);
    assert_eq!(names(Customer::born.not_in(Vec::<i32>::new()).fit()).await?.len(), 4);
    let cities: Vec<String> = (0..70_000).map(|i| format!("town {i}")).chain(["Riga".to_owned()]).collect();
    assert_eq!(names(Customer::city.in_(&cities).fit()).await?, ["Ann", "Cleo"]);
    assert_eq!(names(Customer::id.in_select(query::<Order>().select(Order::customer_id)).fit()).await?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn q06_a_nan_equals_itself_and_is_greater_than_all() -> Result<()> {
    let db = shop().await;
    db.run(r#"UPDATE "order" SET discount = 'NaN' WHERE id = 2"#).await;
    let ids = |condition: Expr<Option<bool>, Order>| {
        db.engine.rows(query::<Order>().filter(condition).order_by(Order::id.asc()).select(Order::id))
    };
    assert_eq!(ids(Order::discount.eq(f64::NAN).fit()).await?, [2]);
    assert_eq!(ids(Order::discount.gt(f64::INFINITY).fit()).await?, [2]);
    assert_eq!(ids(Order::discount.in_([f64::NAN, 0.5]).fit()).await?, [2, 4]);
    assert_eq!(ids(Order::discount.ne(f64::NAN).fit()).await?, [1, 4]);
    assert_eq!(ids(Order::discount.is_not_distinct_from(f64::NAN).nullable().fit()).await?, [2]);
    Ok(())
}

#[tokio::test]
async fn q06_distinct_from_takes_null_for_a_value() -> Result<()> {
    let db = shop().await;
    let names = |condition: Expr<bool, Customer>| {
        db.engine.rows(query::<Customer>().filter(condition).order_by(Customer::id.asc()).select(Customer::name))
    };
    assert_eq!(names(Customer::city.is_distinct_from("Riga").fit()).await?, ["Bob", "Dan"]);
    assert_eq!(names(Customer::city.is_not_distinct_from(None).fit()).await?, ["Bob"]);
    assert_eq!(names(Customer::born.is_distinct_from(Some(1990)).fit()).await?, ["Bob", "Cleo", "Dan"]);
    assert_eq!(names(Customer::born.is_null().fit()).await?, ["Cleo"]);
    assert_eq!(names(Customer::born.is_not_null().and(Customer::born.gt(1986).is_true()).fit()).await?, ["Ann", "Dan"]);
    Ok(())
}

#[tokio::test]
async fn q06_conditions_are_pushed_in_a_loop() -> Result<()> {
    struct Wanted<'a> {
        city: Option<&'a str>,
        names: &'a [&'a str],
        born_after: Option<i32>,
    }
    fn filters(wanted: &Wanted<'_>) -> Vec<Expr<Option<bool>, Customer>> {
        let mut filters = Vec::new();
        if let Some(city) = wanted.city {
            filters.push(Customer::city.eq(city).fit());
        }
        if !wanted.names.is_empty() {
            filters.push(any_of(wanted.names.iter().map(|name| Customer::name.starts_with(*name))).nullable().fit());
        }
        filters.extend(wanted.born_after.map(|year| Customer::born.gt(year).fit()));
        filters
    }
    let db = shop().await;
    let find = async |wanted: Wanted<'static>| -> Result<Vec<String>> {
        let mut query = query::<Customer>().filter_all(filters(&wanted));
        for order in [Customer::name.desc(), Customer::id.asc()] {
            query = query.order_by(order);
        }
        db.engine.rows(query.select(Customer::name)).await
    };
    assert_eq!(find(Wanted { city: None, names: &[], born_after: None }).await?, ["Dan", "Cleo", "Bob", "Ann"]);
    assert_eq!(find(Wanted { city: Some("Riga"), names: &[], born_after: None }).await?, ["Cleo", "Ann"]);
    assert_eq!(find(Wanted { city: Some("Riga"), names: &["A", "B"], born_after: None }).await?, ["Ann"]);
    assert_eq!(find(Wanted { city: None, names: &["A", "D"], born_after: Some(1995) }).await?, ["Dan"]);
    Ok(())
}

#[tokio::test]
async fn q06_conditions_of_several_tables_have_one_type_too() -> Result<()> {
    let db = shop().await;
    let mut filters: Vec<Expr<bool, (Customer, Order, Line)>> = vec![Customer::name.ne("Bob").fit()];
    for product in ["tea", "milk"] {
        filters.push(Line::product.eq(product).or(Order::total.gt(900)).fit());
    }
    let joined = query::<Customer>().join(Customer::orders).join(Order::lines).filter_all(filters);
    let products = db.engine.rows(joined.order_by(Line::id.asc()).select(Line::product)).await?;
    assert_eq!(products, ["tea", "milk"]);
    Ok(())
}

/// Is sure about something, or not.
#[derive(Model, Debug, Clone)]
#[model(table = "opinion")]
struct Opinion {
    #[model(primary_key)]
    id: i32,
    sure: bool,
    right: Option<bool>,
}

#[tokio::test]
async fn q06_a_column_of_booleans_is_a_condition_and_so_is_its_negation() -> Result<()> {
    let db = TestDb::with::<Opinion>().await;
    db.run("INSERT INTO opinion VALUES (1, true, true), (2, false, false), (3, false, NULL)").await;
    let ids = async |query: Query<Unbound, Opinion>| db.engine.rows(query.select(Opinion::id)).await;
    assert_eq!(ids(query::<Opinion>().filter(Opinion::sure)).await?, [1]);
    let unsure = query::<Opinion>().filter(!Opinion::sure).order_by(Opinion::id.asc());
    assert_eq!(condition(&unsure.to_sql()), r#"NOT ("opinion"."sure") ORDER BY "opinion"."id""#);
    assert_eq!(ids(unsure).await?, [2, 3]);
    // Of NULL it is NULL.
    assert_eq!(ids(query::<Opinion>().filter(!Opinion::right)).await?, [2]);
    let negated: Vec<Option<bool>> =
        db.engine.rows(query::<Opinion>().order_by(Opinion::id.asc()).select(!Opinion::right)).await?;
    assert_eq!(negated, [Some(false), Some(true), None]);
    Ok(())
}
