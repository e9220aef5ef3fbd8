//! Q33: a struct of options as the changes of a model, for an object and in bulk.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};
use orm_tests::TestDb;

use crate::rows_are_inserted::Stock;
use crate::shop::{Customer, Order, shop};

#[derive(Changes, Debug, Clone, Default)]
#[changes(model = Customer)]
struct CustomerChanges {
    name: Option<String>,
    city: Option<Option<String>>,
    // Never set to NULL.
    born: Option<i32>,
}

/// Of one's own names, borrowed, and with what is no change.
#[derive(Changes, Default)]
#[changes(model = Stock)]
struct Delivery<'a> {
    #[changes(field = product)]
    what: Option<&'a str>,
    place: Option<&'a String>,
    amount: Option<i32>,
    marks: Option<Vec<String>>,
    state: Option<&'a str>,
    double: Option<i32>,
    #[changes(skip)]
    driver: String,
}

#[test]
fn q33_what_is_not_set_is_not_written() {
    let ann = || query::<Customer>().filter(Customer::id.eq(1));
    let all = CustomerChanges { name: Some("Anna".into()), city: Some(None), born: Some(1991) };
    assert_eq!(
        ann().update(all.clone()).to_sql(),
        r#"UPDATE "customer" SET "name" = $1, "city" = $2, "born" = $3 WHERE "customer"."id" = $4"#,
    );
    let city = CustomerChanges { city: Some(Some("Riga".into())), ..Default::default() };
    assert_eq!(ann().update(city).to_sql(), r#"UPDATE "customer" SET "city" = $1 WHERE "customer"."id" = $2"#);
    // Beside other assignments.
    let mixed = ann().update((CustomerChanges { born: None, city: None, ..all }, Customer::born.set(Customer::id)));
    assert_eq!(
        mixed.to_sql(),
        r#"UPDATE "customer" SET "name" = $1, "born" = "customer"."id" WHERE "customer"."id" = $2"#,
    );
    let delivery = Delivery { what: Some("tea"), marks: Some(vec![]), driver: "Bob".into(), ..Default::default() };
    assert_eq!(delivery.driver, "Bob");
    let update = query::<Stock>().filter(Stock::amount.lt(1)).update(delivery);
    assert!(
        update
            .to_sql()
            .starts_with(r#"UPDATE "stock" SET "product" = $1, "marks" = $2, "version" = "stock"."version" + "#),
        "{update:?}"
    );
}

#[tokio::test]
async fn q33_a_bulk_update_takes_changes() -> Result<()> {
    let db = shop().await;
    let riga = || db.engine.query::<Customer>().filter(Customer::city.eq("Riga"));
    let moved = CustomerChanges { city: Some(None), born: Some(2000), ..Default::default() };
    let mut names = riga().update(moved).returning(Customer::name).await?;
    names.sort();
    assert_eq!(names, ["Ann", "Cleo"]);
    let joined = db.engine.query::<Customer>().join(Customer::orders).filter(Order::status.eq("lost"));
    assert_eq!(joined.update(CustomerChanges { name: Some("D".into()), ..Default::default() }).await?, 1);
    assert_eq!(
        db.stored("SELECT name, city, born FROM customer ORDER BY id").await,
        ["Ann|NULL|2000", "Bob|NULL|1985", "Cleo|NULL|2000", "D|Tartu|2001"]
    );
    // Nothing set is nothing sent, from an engine and from a session; but not without a filter.
    let sent = db.record();
    assert_eq!(riga().update(CustomerChanges::default()).await?, 0);
    assert!(riga().update(CustomerChanges::default()).returning(Customer::id).await?.is_empty());
    let mut session = db.engine.session();
    let none = session.query::<Customer>().filter(Customer::id.eq(1)).update(CustomerChanges::default());
    assert_eq!(none.await?, 0);
    let none = session.query::<Customer>().filter(Customer::id.eq(1)).update(CustomerChanges::default());
    assert!(none.returning(Customer::id).await?.is_empty());
    let error = db.engine.query::<Customer>().update(CustomerChanges::default()).await.expect_err("no filter");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(sent.sql().is_empty(), "{:?}", sent.sql());
    Ok(())
}

#[tokio::test]
async fn q33_a_conflict_takes_changes() -> Result<()> {
    let db = shop().await;
    let anna = || Customer::builder().id(1).name("Anna");
    let put = |changes: CustomerChanges| {
        db.engine.insert([anna()]).on_conflict(Customer::id).do_update(changes).returning(Customer::name)
    };
    let named = CustomerChanges { name: Some("Anna".into()), ..Default::default() };
    assert_eq!(put(named).await?.len(), 1);
    // Without a change, the row stays as it is.
    assert_eq!(put(CustomerChanges::default()).await?.len(), 0);
    assert_eq!(db.stored("SELECT name, city FROM customer WHERE id = 1").await, ["Anna|Riga"]);
    Ok(())
}

#[tokio::test]
async fn q33_a_session_applies_changes_to_an_object() -> Result<()> {
    let db = shop().await;
    let mut session = db.engine.session();
    let ann = session.get::<Customer>(1).await?.expect("she is there");
    session.apply(ann, CustomerChanges { name: Some("Anna".into()), city: Some(None), born: None })?;
    assert_eq!((session[ann].name.as_str(), session[ann].city.as_deref()), ("Anna", None));
    let sent = db.record();
    session.flush().await?;
    assert_eq!(sent.sql(), ["BEGIN", r#"UPDATE "customer" SET "name" = $1, "city" = $2 WHERE "id" = $3"#]);
    // What changes nothing is not written, and neither is what is not set.
    session.apply(ann, CustomerChanges { name: Some("Anna".into()), ..Default::default() })?;
    session.apply(ann, CustomerChanges::default())?;
    session.commit().await?;
    assert_eq!(sent.sql().len(), 3);
    // An object that is yet to be inserted.
    let eve = session.add(Customer::builder().name("Eve"));
    session.apply(eve, CustomerChanges { born: Some(1999), ..Default::default() })?;
    session.commit().await?;
    assert_eq!(
        db.stored("SELECT name, city, born FROM customer WHERE id IN (1, 5) ORDER BY id").await,
        ["Anna|NULL|1990", "Eve|NULL|1999"]
    );
    Ok(())
}

#[tokio::test]
async fn q33_what_cannot_be_changed_changes_nothing() -> Result<()> {
    let db = TestDb::with::<(Stock,)>().await;
    let mut session = db.engine.session();
    let tea = Stock::builder().place("a").product("tea").amount(1).marks(vec![]).version(1);
    let tea = session.add(tea);
    session.commit().await?;
    let long = "abcdef".to_owned();
    let delivery = Delivery { what: Some("milk"), place: Some(&long), ..Default::default() };
    let error = session.apply(tea, delivery).expect_err("too long");
    assert_eq!((error.kind(), error.model(), error.column()), (ErrorKind::Encode, Some("Stock"), Some("place")));
    let delivery = Delivery { amount: Some(2), what: Some("mi\0lk"), ..Default::default() };
    assert_eq!(session.apply(tea, delivery).expect_err("no PostgreSQL text").column(), Some("product"));
    let error = session.apply(tea, Delivery { double: Some(2), what: Some("milk"), ..Default::default() });
    let error = error.expect_err("the server makes it");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Invalid, Some("double")));
    assert_eq!((session[tea].product.as_str(), session[tea].amount), ("tea", 1));
    let bulk = || db.engine.query::<Stock>().filter(Stock::id.eq(1));
    let error = bulk().update(Delivery { place: Some(&long), ..Default::default() }).await.expect_err("too long");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Encode, Some("place")));
    session.apply(tea, Delivery { state: Some("shut"), ..Default::default() })?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT product, amount, state FROM stock").await, ["tea|1|shut"]);
    session.delete(tea)?;
    session.commit().await?;
    let error = session.apply(tea, Delivery::default()).expect_err("it is gone");
    assert_eq!(error.kind(), ErrorKind::Detached);
    Ok(())
}
