//! A shop, for the tests of the query language: its models, and rows to ask.

use orm_core::prelude::*;
use orm_tests::TestDb;

/// Who buys.
#[derive(Model, Debug, Clone, PartialEq)]
pub(crate) struct Customer {
    #[model(primary_key)]
    pub id: Auto<i32>,
    pub name: String,
    pub city: Option<String>,
    pub born: Option<i32>,
    #[model(has_many = Order::customer)]
    pub orders: HasMany<Order>,
}

/// What is bought. Its name is a word of SQL.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "order")]
pub(crate) struct Order {
    #[model(primary_key)]
    pub id: Auto<i32>,
    #[model(references = Customer::id)]
    pub customer_id: i32,
    pub status: String,
    /// In cents.
    pub total: i64,
    pub discount: Option<f64>,
    pub tags: Vec<String>,
    #[model(belongs_to = customer_id)]
    pub customer: BelongsTo<Customer>,
    #[model(has_many = Line::order)]
    pub lines: HasMany<Line>,
}

/// One line of an order.
#[derive(Model, Debug, Clone, PartialEq)]
pub(crate) struct Line {
    #[model(primary_key)]
    pub id: Auto<i32>,
    #[model(references = Order::id)]
    pub order_id: i32,
    pub product: String,
    pub quantity: i32,
    pub note: Option<String>,
    #[model(belongs_to = order_id)]
    pub order: BelongsTo<Order>,
}

/// The tables, with a few rows:
///
/// | customer | city | born | orders (status, total, discount; lines as quantity × product) |
/// |---|---|---|---|
/// | 1 Ann | Riga | 1990 | 1: paid, 1000, 0.1; 2 × tea, 1 × milk · 2: new, 250, none; 1 × tea |
/// | 2 Bob | none | 1985 | 3: paid, 700, none; 3 × rye bread |
/// | 3 Cleo | Riga | none | none |
/// | 4 Dan | Tartu | 2001 | 4: lost, 0, 0.5; none |
pub(crate) async fn shop() -> TestDb {
    let db = TestDb::with::<(Customer, Order, Line)>().await;
    let mut session = db.engine.session();
    let customer = |name: &str, city: Option<&str>, born: Option<i32>| {
        Customer::builder().name(name).city(city.map(str::to_owned)).born(born)
    };
    let order = |status: &str, total: i64, discount: Option<f64>, tags: &[&str]| {
        let tags: Vec<String> = tags.iter().map(|&tag| tag.to_owned()).collect();
        Order::builder().status(status).total(total).discount(discount).tags(tags)
    };
    let line = |product: &str, quantity: i32| Line::builder().product(product).quantity(quantity);
    session.add_all([
        customer("Ann", Some("Riga"), Some(1990)).orders([
            order("paid", 1000, Some(0.1), &["gift", "fast"]).lines([line("tea", 2), line("milk", 1)]),
            order("new", 250, None, &[]).lines([line("tea", 1)]),
        ]),
        customer("Bob", None, Some(1985)).orders([order("paid", 700, None, &["fast"]).lines([line("rye bread", 3)])]),
    ]);
    session.add_all([customer("Cleo", Some("Riga"), None)]);
    session.flush().await.expect("the shop opens");
    session.add_all([customer("Dan", Some("Tartu"), Some(2001)).orders([order("lost", 0, Some(0.5), &[])])]);
    session.commit().await.expect("the shop is open");
    db
}

/// The tests of a file may use a part of the shop alone.
#[tokio::test]
async fn the_shop_is_as_its_table_says() {
    let db = shop().await;
    let orders = db.stored(r#"SELECT customer_id, status, total, discount, tags FROM "order" ORDER BY id"#).await;
    assert_eq!(
        orders,
        ["1|paid|1000|0.1|{gift,fast}", "1|new|250|NULL|{}", "2|paid|700|NULL|{fast}", "4|lost|0|0.5|{}"]
    );
    let lines = db.stored("SELECT order_id, quantity, product FROM line ORDER BY id").await;
    assert_eq!(lines, ["1|2|tea", "1|1|milk", "2|1|tea", "3|3|rye bread"]);
    let customers = db.stored("SELECT id, name FROM customer ORDER BY id").await;
    assert_eq!(customers, ["1|Ann", "2|Bob", "3|Cleo", "4|Dan"]);
}
