//! A report: ten questions about 100,000 sales, in the query language, each answer compared with that of SQL written by
//! hand.
//!
//! Run it with `cargo run -p orm-examples --bin report`.

#![allow(clippy::print_stdout, reason = "printing is what the example is for")]

use std::fmt::Debug;

use chrono::NaiveDate;
use orm_core::prelude::*;
use orm_core::sql::func::Unit::{Month, Year};
use orm_core::sql::{grouping, percentile_cont};
use orm_core::{Rows, values};
use orm_examples::report::{All, Category, Customer, Product, Sale, categories, customers, products, sales};
use orm_examples::{Error, Stage};
use serde_json::json;
use tokio_postgres::Row;
use tokio_postgres::types::FromSqlOwned;

/// How many rows of an answer are printed.
const SHOWN: usize = 5;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut stage = Stage::open("report").await?;
    println!("Ten questions about 100,000 sales");
    let outcome = run(&mut stage).await;
    stage.close().await?;
    outcome
}

async fn run(stage: &mut Stage) -> Result<(), Error> {
    fill(stage.engine()).await?;
    ask(stage, "What was sold in each city, of each category?", cities_and_categories(), CITIES_AND_CATEGORIES).await?;
    ask(stage, "Which are the three best products of each category?", best_products(), BEST_PRODUCTS).await?;
    ask(stage, "How does revenue grow, month by month?", months(), MONTHS).await?;
    ask(stage, "What does each branch of the tree of categories make?", branches(), BRANCHES).await?;
    ask(stage, "Who never bought anything?", who_never_bought(), WHO_NEVER_BOUGHT).await?;
    ask(stage, "What do red products make that are heavy?", red_and_heavy(), RED_AND_HEAVY).await?;
    ask(stage, "Which products of steel are for gardens, and not heavy?", found(), FOUND).await?;
    ask(stage, "Which were the best and the worst day of each year?", extreme_days(), EXTREME_DAYS).await?;
    ask(stage, "How many days are between two purchases?", between_purchases(), BETWEEN_PURCHASES).await?;
    ask(stage, "What did these customers buy last?", last_purchases(), LAST_PURCHASES).await
}

/// The tables with their rows, each by one `COPY`.
async fn fill(engine: &Engine) -> Result<(), Error> {
    engine.create_all::<All>().await?;
    let products = products();
    engine.copy_in::<Category>().rows(categories()).await?;
    engine.copy_in::<Product>().rows(products.clone()).await?;
    engine.copy_in::<Customer>().rows(customers()).await?;
    engine.copy_in::<Sale>().rows(sales(&products)).await?;
    engine.raw().await?.batch_execute("ANALYZE category, product, customer, sale").await?;
    Ok(())
}

/// Asks a question by a query, and again by SQL on the driver's own client: the answers must be the same, row by row.
async fn ask<R>(stage: &mut Stage, question: &str, query: Rows<Unbound, R>, by_hand: &str) -> Result<(), Error>
where
    R: ByHand + Debug + PartialEq + Send,
{
    let engine = stage.engine().clone();
    stage.step(question);
    let rows = engine.rows(query).await?;
    for row in rows.iter().take(SHOWN) {
        stage.show(format!("{row:?}"));
    }
    let expected = engine.raw().await?.query(by_hand, &[]).await?;
    let expected = expected.iter().map(R::read).collect::<Result<Vec<R>, _>>()?;
    if let Some(place) = (0..rows.len().max(expected.len())).find(|&place| rows.get(place) != expected.get(place)) {
        let (row, other) = (rows.get(place), expected.get(place));
        return Err(format!("{question} Row {place} is {row:?}, and {other:?} by hand").into());
    }
    println!("   rows: {}, as by hand", rows.len());
    Ok(())
}

/// A row as the driver reads it.
trait ByHand: Sized {
    fn read(row: &Row) -> Result<Self, tokio_postgres::Error>;
}

macro_rules! by_hand {
    ($($column:ident $place:literal),*) => {
        impl<$($column: FromSqlOwned),*> ByHand for ($($column,)*) {
            fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
                Ok(($(row.try_get::<_, $column>($place)?,)*))
            }
        }
    };
}
by_hand!(A 0, B 1, C 2);
by_hand!(A 0, B 1, C 2, D 3);
by_hand!(A 0, B 1, C 2, D 3, E 4);
by_hand!(A 0, B 1, C 2, D 3, E 4, F 5);

/// Subtotals by ROLLUP, told from other rows by `grouping`; what came back is kept apart by FILTER.
fn cities_and_categories() -> Rows<Unbound, (Option<String>, Option<String>, i32, i64, Option<i64>, i64)> {
    query::<Sale>()
        .join(Sale::customer)
        .join(Sale::product)
        .join(Product::category)
        .rollup((Customer::city, Category::name))
        .order_by(Customer::city.asc().nulls_first())
        .order_by(Category::name.asc().nulls_first())
        .select((
            Customer::city,
            Category::name,
            grouping((Customer::city, Category::name)),
            count(),
            Sale::cents.sum().filter(!Sale::returned),
            count().filter(Sale::returned),
        ))
}

const CITIES_AND_CATEGORIES: &str = "
    WITH s AS (SELECT u.city, c.name, s.cents, s.returned FROM sale s, product p, category c, customer u
               WHERE p.id = s.product_id AND c.id = p.category_id AND u.id = s.customer_id),
         t AS (SELECT city, name, 0 AS level, cents, returned FROM s
               UNION ALL SELECT city, NULL, 1, cents, returned FROM s
               UNION ALL SELECT NULL, NULL, 3, cents, returned FROM s)
    SELECT city, name, level, count(*), sum(CASE WHEN NOT returned THEN cents END), sum(returned::integer)
    FROM t GROUP BY city, name, level ORDER BY city NULLS FIRST, name NULLS FIRST";

/// A window over groups numbers the products of each category; what it numbers is filtered outside of the CTE.
fn best_products() -> Rows<Unbound, (String, i64, String, Option<i64>)> {
    let best_first =
        window().partition_by(Product::category_id).order_by(Sale::cents.sum().desc()).order_by(Product::id.asc());
    cte!(let ranked { category, place, product, cents } = query::<Product>()
        .join(Product::sales)
        .filter(!Sale::returned)
        .group_by((Product::id, Product::name, Product::category_id))
        .select((Product::category_id, row_number().over(best_first), Product::name, Sale::cents.sum())));
    query_from(&ranked)
        .join_on(Category::TABLE, Category::id.eq(ranked.c.category))
        .filter(ranked.c.place.le(3))
        .order_by(Category::id.asc())
        .order_by(ranked.c.place.asc())
        .select((Category::name, ranked.c.place, ranked.c.product, ranked.c.cents))
}

const BEST_PRODUCTS: &str = "
    WITH p AS (SELECT p.*, (SELECT sum(s.cents) FROM sale s WHERE s.product_id = p.id AND NOT s.returned) AS made
               FROM product p),
         n AS (SELECT p.*, (SELECT count(*) FROM p o WHERE o.category_id = p.category_id
                                                     AND (o.made, -o.id) >= (p.made, -p.id)) AS place
               FROM p WHERE made IS NOT NULL)
    SELECT c.name, n.place, n.name, n.made FROM n JOIN category c ON c.id = n.category_id
    WHERE n.place <= 3 ORDER BY c.id, n.place";

/// Windows over months: the sum of the year so far, the share of the year in thousandths, the month before.
fn months() -> Rows<Unbound, (NaiveDate, Option<i64>, Option<i64>, Option<i64>, Option<String>)> {
    let month = func::date_trunc(Month, Sale::sold_on);
    cte!(let monthly { month, cents } = query::<Sale>()
        .filter(!Sale::returned)
        .group_by(month.clone())
        .select((month, Sale::cents.sum())));
    let (month, cents) = (monthly.c.month, monthly.c.cents);
    let before = lag(cents).over(window().order_by(month.asc()));
    query_from(&monthly)
        .window("year", window().partition_by(func::date_trunc(Year, month)))
        .order_by(month.asc())
        .select((
            month,
            cents,
            cents.sum_as::<i64>().over(window().based_on("year").order_by(month.asc())),
            cents * 1000 / cents.sum_as::<i64>().over("year"),
            case().when(cents.lt(before.clone()), "less than before").when(cents.ge(before), "more"),
        ))
}

const MONTHS: &str = "
    WITH m AS (SELECT to_char(sold_on, 'YYYY') AS year, min(date_trunc('month', sold_on))::date AS month, sum(cents) AS cents
               FROM sale WHERE NOT returned GROUP BY year, to_char(sold_on, 'MM'))
    SELECT m.month, m.cents,
           (SELECT sum(o.cents)::bigint FROM m o WHERE o.year = m.year AND o.month <= m.month),
           m.cents * 1000 / (SELECT sum(o.cents)::bigint FROM m o WHERE o.year = m.year),
           (SELECT CASE WHEN m.cents < o.cents THEN 'less than before' ELSE 'more' END
            FROM m o WHERE o.month = m.month - interval '1 month')
    FROM m ORDER BY m.month";

/// A recursive CTE gives each category with all that are under it, itself among them.
fn branches() -> Rows<Unbound, (String, Option<String>, i64, Option<i64>)> {
    recursive!(
        let under { above, id } = query::<Category>().select((Category::id, Category::id));
        union_all query::<Category>()
            .join_on(&under, Category::parent_id.eq(under.c.id))
            .select((under.c.above, Category::id))
    );
    aliased!(let parent = Category);
    query_from(&under)
        .join_on(Category::TABLE, Category::id.eq(under.c.above))
        .left_join_as(Category::parent, &parent)
        .join_on(Product::TABLE, Product::category_id.eq(under.c.id))
        .join(Product::sales)
        .filter(!Sale::returned)
        .group_by((Category::id, Category::name, parent.c.name))
        .order_by(Category::id.asc())
        .select((Category::name, parent.c.name, Product::id.count_distinct(), Sale::cents.sum()))
}

const BRANCHES: &str = "
    WITH l AS (SELECT a.id, ARRAY[a.id, b.id, c.id, d.id] AS up FROM category a
               LEFT JOIN category b ON b.id = a.parent_id LEFT JOIN category c ON c.id = b.parent_id
               LEFT JOIN category d ON d.id = c.parent_id)
    SELECT c.name, (SELECT o.name FROM category o WHERE o.id = c.parent_id), count(DISTINCT p.id), sum(s.cents)
    FROM category c JOIN l ON c.id = ANY (l.up) JOIN product p ON p.category_id = l.id JOIN sale s ON s.product_id = p.id
    WHERE NOT s.returned GROUP BY c.id ORDER BY c.id";

/// The customers without sales, a relationship asked for none of its objects.
fn who_never_bought() -> Rows<Unbound, (String, i64, Option<String>)> {
    query::<Customer>()
        .filter(Customer::sales.none())
        .group_by(Customer::city)
        .order_by(count().desc())
        .order_by(Customer::city.asc())
        .select((Customer::city, count(), Customer::name.string_agg(", ").order_by(Customer::id.asc())))
}

const WHO_NEVER_BOUGHT: &str = "
    SELECT u.city, count(u.id), string_agg(u.name, ', ' ORDER BY u.id) FROM customer u
    LEFT JOIN sale s ON s.customer_id = u.id WHERE s.id IS NULL GROUP BY u.city ORDER BY 2 DESC, 1";

/// JSONB asked for what it includes and for a number in it; revenue is an aggregate over a relationship.
fn red_and_heavy() -> Rows<Unbound, (String, Option<i32>, Option<i64>)> {
    let grams = Product::attributes.get("grams").as_i32();
    let revenue = Product::sales.filter(!Sale::returned).aggregate(Sale::cents.sum());
    query::<Product>()
        .filter(Product::attributes.includes(json!({ "colour": "red" })))
        .filter(grams.clone().gt(1200))
        .order_by(revenue.clone().desc().nulls_last())
        .order_by(Product::id.asc())
        .select((Product::name, grams, revenue))
}

const RED_AND_HEAVY: &str = "
    SELECT p.name, (p.attributes ->> 'grams')::integer, sum(s.cents) FROM product p
    LEFT JOIN sale s ON s.product_id = p.id AND NOT s.returned
    WHERE p.attributes ->> 'colour' = 'red' AND (p.attributes ->> 'grams')::integer > 1200
    GROUP BY p.id ORDER BY 3 DESC NULLS LAST, p.id";

/// Full text: what is searched for is what a user would type; the best come first, with what was found in them.
fn found() -> Rows<Unbound, (String, f32, String)> {
    let search = websearch_to_tsquery("english", "steel gardens -heavy");
    let words = Product::description.to_tsvector("english");
    let rank = words.clone().ts_rank(search.clone());
    query::<Product>()
        .filter(words.matches_query(search.clone()))
        .order_by(rank.clone().desc())
        .order_by(Product::id.asc())
        .select((
            Product::name,
            rank,
            Product::description.ts_headline_with("english", search, "StartSel=<, StopSel=>"),
        ))
}

const FOUND: &str = "
    SELECT name, ts_rank(to_tsvector('english', description), q),
           ts_headline('english', description, q, 'StartSel=<, StopSel=>')
    FROM product, to_tsquery('english', 'steel & garden & !heavy') q
    WHERE to_tsvector('english', description) @@ q ORDER BY 2 DESC, id";

/// The first row of each year by two orders (DISTINCT ON), of one CTE, as one list.
fn extreme_days() -> Rows<Unbound, (NaiveDate, String, NaiveDate, Option<i64>)> {
    cte!(let daily { day, cents } = query::<Sale>()
        .filter(!Sale::returned)
        .group_by(Sale::sold_on)
        .select((Sale::sold_on, Sale::cents.sum())));
    let (day, cents) = (daily.c.day, daily.c.cents);
    let year = func::date_trunc(Year, day);
    let of_each_year = query_from(&daily).distinct_on(year.clone()).order_by(year.clone().asc());
    let best = of_each_year.clone().order_by(cents.desc()).order_by(day.asc());
    let worst = of_each_year.order_by(cents.asc()).order_by(day.asc());
    best.select((year.clone(), value("best"), day, cents))
        .union_all(worst.select((year, value("worst"), day, cents)))
        .order_by_output(|row| row.0.asc())
        .order_by_output(|row| row.1.asc())
}

const EXTREME_DAYS: &str = "
    WITH d AS (SELECT sold_on AS day, to_char(sold_on, 'YYYY') AS year, sum(cents) AS cents
               FROM sale WHERE NOT returned GROUP BY sold_on),
         y AS (SELECT year, max(cents) AS best, min(cents) AS worst FROM d GROUP BY year)
    SELECT (y.year || '-01-01')::date, kind, min(d.day), d.cents
    FROM y CROSS JOIN LATERAL (VALUES ('best', y.best), ('worst', y.worst)) AS e (kind, cents)
    JOIN d ON d.year = y.year AND d.cents = e.cents
    GROUP BY y.year, kind, d.cents ORDER BY 1, 2";

/// `lag` finds each customer's purchase before; its distance in days is averaged over the customers of a city.
fn between_purchases() -> Rows<Unbound, (String, Option<f64>, Option<f64>, Option<i32>)> {
    let by_customer = window().partition_by(Sale::customer_id).order_by(Sale::sold_on.asc()).order_by(Sale::id.asc());
    cte!(let purchases { customer, day, before } = query::<Sale>()
        .select((Sale::customer_id, Sale::sold_on, lag(Sale::sold_on).over(by_customer))));
    let days = purchases.c.day - purchases.c.before;
    query_from(&purchases)
        .join_on(Customer::TABLE, Customer::id.eq(purchases.c.customer))
        .group_by(Customer::city)
        .order_by(Customer::city.asc())
        .select((
            Customer::city,
            days.clone().avg_as::<f64>(),
            percentile_cont(0.5).within_group(days.clone()),
            days.max(),
        ))
}

const BETWEEN_PURCHASES: &str = "
    WITH n AS (SELECT u.city, s.customer_id, s.sold_on, row_number() OVER (PARTITION BY u.id ORDER BY s.sold_on, s.id) AS n
               FROM sale s JOIN customer u ON u.id = s.customer_id),
         g AS (SELECT a.city, b.sold_on - a.sold_on AS days FROM n a JOIN n b ON b.customer_id = a.customer_id AND b.n = a.n + 1)
    SELECT city, (sum(days)::numeric / count(*))::double precision, percentile_cont(0.5) WITHIN GROUP (ORDER BY days), max(days)
    FROM g GROUP BY city ORDER BY city";

/// A subquery for each row (LATERAL), for a list of customers that the program has (VALUES).
fn last_purchases() -> Rows<Unbound, (String, String, Option<NaiveDate>, Option<String>, Option<i32>)> {
    subquery!(let wanted { id, reason } = values([(7, "a letter"), (1111, "a call"), (1999, "a letter")]));
    subquery!(let last { day, product, cents } = query::<Sale>()
        .outer(Customer::TABLE)
        .join(Sale::product)
        .filter(Sale::customer_id.eq(Customer::id))
        .order_by(Sale::sold_on.desc())
        .order_by(Sale::id.desc())
        .limit(2)
        .select((Sale::sold_on, Product::name, Sale::cents)));
    query_from(&wanted)
        .join_on(Customer::TABLE, Customer::id.eq(wanted.c.id))
        .left_join_lateral(&last)
        .order_by(Customer::id.asc())
        .order_by(last.c.day.desc())
        .order_by(last.c.product.asc())
        .select((Customer::name, wanted.c.reason, last.c.day, last.c.product, last.c.cents))
}

const LAST_PURCHASES: &str = "
    WITH n AS (SELECT s.*, row_number() OVER (PARTITION BY customer_id ORDER BY sold_on DESC, id DESC) AS n FROM sale s)
    SELECT u.name, CASE u.id WHEN 1111 THEN 'a call' ELSE 'a letter' END, n.sold_on, p.name, n.cents
    FROM customer u LEFT JOIN n ON n.customer_id = u.id AND n.n <= 2 LEFT JOIN product p ON p.id = n.product_id
    WHERE u.id IN (7, 1111, 1999) ORDER BY u.id, n.sold_on DESC, p.name";
