//! Columns that are chosen at run time, from those that the model has.

use orm_core::Result;
use orm_core::prelude::*;

use crate::shop::{Customer, Order, shop};

#[derive(Model, Debug, Clone)]
struct Account {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(column = "Login name")]
    login: String,
    #[model(sensitive)]
    secret: String,
}

#[test]
fn q01_only_columns_of_the_model_are_found() {
    let sorted = Account::column("login").map(|column| query::<Account>().order_by(column.asc()).to_sql());
    assert!(sorted.is_some_and(|sql| sql.ends_with(r#" ORDER BY "account"."Login name""#)));
    assert!(Account::column("id").is_some());
    for name in ["Login name", "ID", "", "account.id", "id; DROP TABLE account", "secret", "login\0", "\"login\""] {
        assert!(Account::column(name).is_none(), "{name}");
    }
    assert_eq!(Account::column("login").map(|column| column.name()), Some("Login name"));
    aliased!(let other = Account);
    let joined = query::<Account>().join_on(&other, Account::id.eq(other.c.id));
    let joined = joined.order_by(other.column("login").expect("it is there").desc().nulls_last());
    assert!(joined.to_sql().ends_with(r#" ORDER BY "other"."Login name" DESC NULLS LAST"#));
}

#[tokio::test]
async fn q01_the_user_chooses_the_order() -> Result<()> {
    let db = shop().await;
    let sorted = async |by: &[(&str, bool)]| -> Result<Vec<String>> {
        let mut query = query::<Customer>();
        for &(name, descending) in by {
            if let Some(column) = Customer::column(name) {
                let order = if descending { column.desc() } else { column.asc() };
                query = query.order_by(order.nulls_last());
            }
        }
        db.engine.rows(query.select(Customer::name)).await
    };
    assert_eq!(sorted(&[("name", true)]).await?, ["Dan", "Cleo", "Bob", "Ann"]);
    assert_eq!(sorted(&[("nonsense", true), ("born", false)]).await?, ["Bob", "Ann", "Dan", "Cleo"]);
    assert_eq!(sorted(&[("city", false), ("id", true)]).await?, ["Cleo", "Ann", "Dan", "Bob"]);
    let joined = query::<Customer>().join(Customer::orders);
    let joined = joined.order_by(Order::column("total").expect("it is there").desc()).select(Order::id);
    assert_eq!(db.engine.rows(joined).await?, [1, 3, 2, 4]);
    Ok(())
}
