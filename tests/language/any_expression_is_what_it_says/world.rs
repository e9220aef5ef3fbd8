//! The rows of the three tables, small and random.

use orm_tests::TestDb;

use super::eval::Row;
use super::tree::{Choices, TEXTS};

#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) customers: Vec<CustomerRow>,
    pub(super) orders: Vec<OrderRow>,
    pub(super) lines: Vec<LineRow>,
}

#[derive(Debug, Clone)]
pub(super) struct CustomerRow {
    pub(super) id: i32,
    pub(super) name: &'static str,
    pub(super) city: Option<&'static str>,
    pub(super) born: Option<i32>,
}

#[derive(Debug, Clone)]
pub(super) struct OrderRow {
    pub(super) id: i32,
    pub(super) customer: i32,
    pub(super) status: &'static str,
    pub(super) total: i64,
    pub(super) discount: Option<f64>,
}

#[derive(Debug, Clone)]
pub(super) struct LineRow {
    pub(super) id: i32,
    pub(super) order: i32,
    pub(super) product: &'static str,
    pub(super) quantity: i32,
    pub(super) note: Option<&'static str>,
}

impl World {
    pub(super) fn choose(choices: &mut Choices<'_>) -> Self {
        let mut world = Self::default();
        let optional = |choices: &mut Choices<'_>| choices.maybe().then(|| choices.one_of(&TEXTS));
        for id in 1..=1 + choices.below(4) as i32 {
            let (name, city) = (choices.one_of(&TEXTS), optional(choices));
            let born = choices.maybe().then(|| choices.one_of(&[0, 1, 2, 1999, -7]));
            world.customers.push(CustomerRow { id, name, city, born });
        }
        for id in 1..=choices.below(5) as i32 {
            let customer = 1 + choices.below(world.customers.len()) as i32;
            let (status, total) = (choices.one_of(&TEXTS), choices.one_of(&[0, 1, 3, 100, -2000]));
            let discount = choices.maybe().then(|| choices.one_of(&[0.0, 0.25, f64::NAN, -1.5]));
            world.orders.push(OrderRow { id, customer, status, total, discount });
        }
        if world.orders.is_empty() {
            return world;
        }
        for id in 1..=choices.below(6) as i32 {
            let order = 1 + choices.below(world.orders.len()) as i32;
            let (product, quantity, note) = (choices.one_of(&TEXTS), choices.one_of(&[0, 1, 2, -1]), optional(choices));
            world.lines.push(LineRow { id, order, product, quantity, note });
        }
        world
    }

    /// The rows of the three tables, left-joined.
    pub(super) fn rows(&self) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        for customer in &self.customers {
            let before = rows.len();
            for order in self.orders.iter().filter(|order| order.customer == customer.id) {
                let lines = self.lines.iter().filter(|line| line.order == order.id);
                let of_order = rows.len();
                rows.extend(lines.map(|line| Row { customer: Some(customer), order: Some(order), line: Some(line) }));
                if rows.len() == of_order {
                    rows.push(Row { customer: Some(customer), order: Some(order), line: None });
                }
            }
            if rows.len() == before {
                rows.push(Row { customer: Some(customer), order: None, line: None });
            }
        }
        rows
    }

    /// Makes these the rows of the database, by the driver alone.
    pub(super) async fn store(&self, db: &TestDb) {
        let mut sql = String::from(r#"TRUNCATE customer, "order", line;"#);
        let number = |number: Option<i32>| number.map_or("NULL".to_owned(), |number| number.to_string());
        for CustomerRow { id, name, city, born } in &self.customers {
            let (name, city) = (quoted(Some(name)), quoted(*city));
            sql += &format!(
                "INSERT INTO customer (id, name, city, born) VALUES ({id}, {name}, {city}, {});",
                number(*born)
            );
        }
        for OrderRow { id, customer, status, total, discount } in &self.orders {
            let (status, discount) = (quoted(Some(status)), discount.map_or("NULL".to_owned(), |d| format!("'{d}'")));
            sql += r#"INSERT INTO "order" (id, customer_id, status, total, discount, tags) VALUES "#;
            sql += &format!("({id}, {customer}, {status}, {total}, {discount}, '{{}}');");
        }
        for LineRow { id, order, product, quantity, note } in &self.lines {
            let (product, note) = (quoted(Some(product)), quoted(*note));
            sql += "INSERT INTO line (id, order_id, product, quantity, note) VALUES ";
            sql += &format!("({id}, {order}, {product}, {quantity}, {note});");
        }
        db.run(&sql).await;
    }
}

fn quoted(text: Option<&str>) -> String {
    text.map_or("NULL".to_owned(), |text| format!("'{}'", text.replace('\'', "''")))
}
