//! Q32: the filters of an engine where they are easily forgotten.

use orm_core::Result;
use orm_core::prelude::*;
use orm_core::sql::Filters;
use orm_tests::TestDb;

use crate::rows_are_inserted::Stock;
use crate::shop::{Customer, Line, Order, shop};

#[derive(Model, Debug, Clone)]
struct Student {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    #[model(through = (Membership::student, Membership::club))]
    clubs: HasMany<Club>,
}

#[derive(Model, Debug, Clone)]
struct Club {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
}

/// A link with a model, which may be of another tenant than its ends.
#[derive(Model, Debug, Clone)]
#[model(primary_key(student_id, club_id))]
struct Membership {
    #[model(references = Student::id)]
    student_id: i32,
    #[model(references = Club::id)]
    club_id: i32,
    tenant_id: i32,
    #[model(belongs_to = student_id)]
    student: BelongsTo<Student>,
    #[model(belongs_to = club_id)]
    club: BelongsTo<Club>,
}

const MEMBERSHIPS: &str = "
    INSERT INTO student (name) VALUES ('ann');
    INSERT INTO club (name) VALUES ('ours'), ('theirs');
    INSERT INTO membership VALUES (1, 1, 7), (1, 2, 8);
";

#[tokio::test]
async fn q32_filters_are_part_of_links_that_have_a_model() -> Result<()> {
    let db = TestDb::with::<(Student, Club, Membership)>().await;
    db.run(MEMBERSHIPS).await;
    let ours = Membership::tenant_id.eq(7);
    let engine = db.engine.with_filters(&Filters::new().add("tenant", Membership::TABLE, ours));
    let record = engine.record();
    let joined = query::<Student>().join(Student::clubs).select(Club::name);
    assert_eq!(engine.rows(joined.clone()).await?, ["ours"]);
    let on = r#"ON "membership"."student_id" = "student"."id" AND "membership"."tenant_id" = $1"#;
    assert!(record.sql()[0].contains(on), "{:?}", record.sql());
    assert_eq!(db.engine.rows(joined).await?.len(), 2);
    let left = query::<Student>().left_join(Student::clubs).select(Club::name);
    assert_eq!(engine.rows(left).await?, [Some("ours".to_owned())]);
    let right = query::<Student>().right_join(Student::clubs).order_by(Club::id.asc());
    let right = engine.rows(right.select((Student::name, Club::name))).await?;
    assert_eq!(right, [(Some("ann".to_owned()), "ours".to_owned()), (None, "theirs".to_owned())]);
    let loaded = engine.query::<Student>().with(Student::clubs).all().await?;
    assert_eq!(loaded[0].1.len(), 1);
    let theirs = || query::<Student>().filter(Student::clubs.any(Club::name.eq("theirs")));
    assert_eq!(engine.all(theirs()).await?.len(), 0);
    assert_eq!(engine.all(theirs().unfiltered("tenant")).await?.len(), 1);
    assert_eq!(engine.query::<Student>().filter(Student::clubs.contains(2)).count().await?, 0);
    assert_eq!(engine.query::<Student>().select(Student::clubs.count()).all().await?, [1]);
    let mut session = engine.session();
    let ann = session.get::<Student>(1).await?.expect("Ann");
    session.load(&[ann], Student::clubs).await?;
    assert_eq!(session[ann].clubs.handles().len(), 1);
    Ok(())
}

fn without_new(db: &TestDb) -> orm_core::Engine {
    db.engine.with_filters(&Filters::new().add("status", Order::TABLE, Order::status.ne("new")))
}

#[tokio::test]
async fn q32_a_common_table_expression_is_filtered_where_one_use_leaves_the_filter_out() -> Result<()> {
    let db = shop().await;
    let engine = without_new(&db);
    cte!(let all = query::<Order>().select(Order::id));
    let whole = || query_from(&all).unfiltered("status").select(all.c.0);
    let filtered = || query_from(&all).select(all.c.0);
    // Either may be met first.
    assert_eq!(engine.rows(whole().union_all(filtered())).await?.len(), 4 + 3);
    assert_eq!(engine.rows(filtered().union_all(whole())).await?.len(), 3 + 4);
    let lines = query::<Line>().filter(Line::order_id.in_select(whole())).filter(Line::order_id.in_select(filtered()));
    let lines = lines.order_by(Line::id.asc()).select(Line::id);
    assert_eq!(engine.rows(lines).await?, [1, 2, 4], "the third is of an order that is new");
    // Without a filter there is one.
    assert_eq!(whole().union_all(filtered()).to_sql().matches(r#"FROM "order""#).count(), 1);
    Ok(())
}

#[tokio::test]
async fn q32_a_common_table_expression_that_writes_leaves_out_no_filter_but_by_its_own_word() -> Result<()> {
    let db = shop().await;
    let engine = without_new(&db);
    cte!(let paid = query::<Order>().filter(Order::id.gt(0)).update(Order::status.set("paid")));
    assert_eq!(engine.rows(query_from(&paid).unfiltered("status").select(paid.c.id)).await?.len(), 3);
    assert_eq!(db.stored(r#"SELECT id FROM "order" WHERE status = 'new'"#).await, ["2"]);
    Ok(())
}

#[tokio::test]
async fn q32_filters_are_part_of_what_a_merge_reads() -> Result<()> {
    let db = shop().await;
    db.engine.create_all::<Stock>().await?;
    let engine = db.engine.with_filters(&Filters::new().add("milk", Line::TABLE, Line::product.eq("milk")));
    let record = engine.record();
    let stored = async || db.stored("SELECT product, place FROM stock ORDER BY id").await;
    let rest = |place: &'static str| (Stock::place.set(place), Stock::marks.set(vec![]), Stock::version.set(1));
    let merge = merge_into::<Stock>().using(Line::TABLE).on(Stock::product.eq(Line::product)).when_not_matched();
    let (place, marks, version) = rest("table");
    merge
        .insert((Stock::product.set(Line::product), Stock::amount.set(Line::quantity), place, marks, version))
        .on(&engine)
        .await?;
    assert_eq!(stored().await, ["milk|table"]);
    assert!(
        record.sql()[0].contains(r#"USING (SELECT * FROM "line" WHERE "line"."product" = $1) AS "line" ON"#),
        "{:?}",
        record.sql()
    );
    db.run("DELETE FROM stock").await;
    aliased!(let other = Line);
    let merge = merge_into::<Stock>().using(&other).on(Stock::product.eq(other.c.product)).when_not_matched();
    let (place, marks, version) = rest("alias");
    merge
        .insert((Stock::product.set(other.c.product), Stock::amount.set(other.c.quantity), place, marks, version))
        .on(&engine)
        .await?;
    assert_eq!(stored().await, ["milk|alias"]);
    Ok(())
}

/// A filter's own condition reads its table without that filter, and with all others.
#[tokio::test]
async fn q32_filters_may_read_each_others_tables_and_their_own() -> Result<()> {
    let db = shop().await;
    let rich = query::<Order>().filter(Order::total.gt(500)).select(Order::customer_id);
    let known = query::<Customer>().filter(Customer::born.is_not_null()).select(Customer::id);
    let filters = Filters::new()
        .add("rich", Customer::TABLE, Customer::id.in_select(rich))
        .add("known", Customer::TABLE, Customer::id.in_select(known.clone()))
        .add("of known", Order::TABLE, Order::customer_id.in_select(known));
    let engine = db.engine.with_filters(&filters);
    let names = query::<Customer>().order_by(Customer::id.asc()).select(Customer::name);
    assert_eq!(engine.rows(names).await?, ["Ann", "Bob"]);
    assert_eq!(engine.query::<Order>().count().await?, 3);
    Ok(())
}
