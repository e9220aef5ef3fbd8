//! Joins that keep the rows of their right side, cross joins, and joins on conditions.

use chrono::{DateTime, Utc};
use orm_core::prelude::*;
use orm_core::{ErrorKind, Result, generate_series, generate_series_by, unnest, values};
use orm_tests::TestDb;

use crate::from;
use crate::shop::{Customer, Line, Order, shop};

/// Marks its rows as deleted.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "room", schema = "house", soft_delete = deleted_at)]
struct Room {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    deleted_at: Option<DateTime<Utc>>,
    #[model(through("room_owner", room_id, owner_id))]
    owners: HasMany<Owner>,
}

/// Marks its rows as deleted, too.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "chair", soft_delete = deleted_at)]
struct Chair {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    #[model(references = Room::id)]
    room_id: Option<i32>,
    deleted_at: Option<DateTime<Utc>>,
    #[model(belongs_to = room_id, backref = chairs)]
    room: BelongsTo<Room>,
}

/// And so does who owns a room.
#[derive(Model, Debug, Clone, PartialEq)]
#[model(table = "owner", soft_delete = deleted_at)]
struct Owner {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    deleted_at: Option<DateTime<Utc>>,
}

#[test]
fn q14_right_and_full_joins_have_their_texts() {
    assert_eq!(
        from(&query::<Customer>().right_join(Customer::orders).to_sql()),
        r#""customer" RIGHT JOIN "order" ON "customer"."id" = "order"."customer_id""#,
    );
    assert_eq!(
        from(&query::<Customer>().full_join(Customer::orders).full_join(Order::lines).to_sql()),
        concat!(
            r#""customer" FULL JOIN "order" ON "customer"."id" = "order"."customer_id" "#,
            r#"FULL JOIN "line" ON "order"."id" = "line"."order_id""#,
        ),
    );
    aliased!(let other = Order);
    assert_eq!(
        from(&query::<Customer>().right_join_as(Customer::orders, &other).filter(other.c.total.gt(1i64)).to_sql()),
        r#""customer" RIGHT JOIN "order" AS "other" ON "customer"."id" = "other"."customer_id" WHERE "other"."total" > $1"#,
    );
    assert_eq!(
        from(&query::<Customer>().full_join_on(Order::TABLE, Order::customer_id.eq(Customer::id)).to_sql()),
        r#""customer" FULL JOIN "order" ON "order"."customer_id" = "customer"."id""#,
    );
    assert_eq!(from(&query::<Customer>().cross_join(&other).to_sql()), r#""customer" CROSS JOIN "order" AS "other""#,);
}

#[tokio::test]
async fn q14_right_and_full_joins_keep_their_rows() -> Result<()> {
    let db = shop().await;
    let right: Vec<(Option<String>, String)> = db
        .engine
        .query::<Customer>()
        .filter(Customer::born.is_null().or(Customer::born.gt(1986)))
        .right_join(Customer::orders)
        .order_by(Order::id.asc())
        .select((Customer::name, Order::status))
        .all()
        .await?;
    assert_eq!(right, [("Ann", "paid"), ("Ann", "new"), ("Dan", "lost")].map(|(a, b)| (Some(a.into()), b.into())));
    let full: Vec<(Option<String>, Option<String>)> = db
        .engine
        .query::<Customer>()
        .full_join(Customer::orders)
        .full_join(Order::lines)
        .order_by(Customer::id.asc())
        .order_by(Line::id.asc())
        .select((Customer::name, Line::product))
        .all()
        .await?;
    let expected = [
        ("Ann", Some("tea")),
        ("Ann", Some("milk")),
        ("Ann", Some("tea")),
        ("Bob", Some("rye bread")),
        ("Cleo", None),
        ("Dan", None),
    ];
    assert_eq!(full, expected.map(|(a, b)| (Some(a.to_owned()), b.map(str::to_owned))));
    Ok(())
}

#[tokio::test]
async fn q04_whole_models_are_optional_after_right_and_full_joins() -> Result<()> {
    let db = shop().await;
    let none = query::<Customer>()
        .full_join_on(Order::TABLE, Order::customer_id.eq(Customer::id).and(Order::status.eq("paid")))
        .order_by(Customer::id.asc())
        .order_by(Order::id.asc());
    let rows: Vec<(Option<Customer>, Option<Order>)> =
        db.engine.rows(none.clone().select((Customer::all(), Order::all()))).await?;
    let names = |(customer, order): &(Option<Customer>, Option<Order>)| {
        (customer.as_ref().map(|c| c.name.clone()), order.as_ref().map(|o| o.status.clone()))
    };
    let pair = |a: Option<&str>, b: Option<&str>| (a.map(str::to_owned), b.map(str::to_owned));
    assert_eq!(
        rows.iter().map(names).collect::<Vec<_>>(),
        [
            pair(Some("Ann"), Some("paid")),
            pair(Some("Bob"), Some("paid")),
            pair(Some("Cleo"), None),
            pair(Some("Dan"), None),
            pair(None, Some("new")),
            pair(None, Some("lost")),
        ],
    );
    assert_eq!(none.clone().on(&db.engine).count().await?, 6, "it is counted all the same");
    assert!(none.clone().on(&db.engine).exists().await?);
    // What cannot be read of one that is there is an error, and not a missing one.
    db.run("ALTER TABLE customer ALTER name DROP NOT NULL; UPDATE customer SET name = NULL WHERE id = 1").await;
    let error = db.engine.rows(none.select((Customer::all(), Order::all()))).await.expect_err("a name is NULL");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Decode, Some("name")));
    Ok(())
}

#[tokio::test]
async fn q04_aliases_and_subqueries_are_nullable_as_joined() -> Result<()> {
    let db = shop().await;
    aliased!(let other = Order);
    let paid =
        subquery!(query::<Order>().filter(Order::status.eq("paid")).select((Order::customer_id, Order::discount)));
    let rows: Vec<(Option<String>, Option<Order>, i32, Option<f64>)> = db
        .engine
        .query::<Customer>()
        .left_join_as(Customer::orders, &other)
        .right_join_on(&paid, paid.c.0.eq(Customer::id).and(other.c.status.eq("new")))
        .order_by(paid.c.0.asc())
        .select((Customer::name, other.all(), paid.c.0, paid.c.1))
        .all()
        .await?;
    let seen: Vec<_> =
        rows.into_iter().map(|(name, order, id, discount)| (name, order.is_some(), id, discount)).collect();
    assert_eq!(seen, [(Some("Ann".to_owned()), true, 1, Some(0.1)), (None, false, 2, None)]);
    Ok(())
}

#[tokio::test]
async fn q14_cross_joins_give_each_with_each() -> Result<()> {
    let db = shop().await;
    let pairs = query::<Customer>().cross_join(Order::TABLE);
    assert_eq!(pairs.clone().on(&db.engine).count().await?, 16);
    assert_eq!(db.engine.all(pairs).await?.len(), 16, "each row has its customer");
    Ok(())
}

#[tokio::test]
async fn q14_join_on_takes_models_functions_and_values() -> Result<()> {
    let db = shop().await;
    let on =
        query::<Customer>().join_on(Order::TABLE, Order::customer_id.eq(Customer::id).and(Order::total.gt(500i64)));
    assert_eq!(
        from(&on.to_sql()),
        r#""customer" JOIN "order" ON "order"."customer_id" = "customer"."id" AND "order"."total" > $1"#,
    );
    assert_eq!(db.engine.rows(on.select((Customer::name, Order::total))).await?.len(), 2);

    let years = subquery!(generate_series(1984, 1986));
    let born = query_from(&years).left_join_on(Customer::TABLE, Customer::born.eq(years.c.0)).order_by(years.c.0.asc());
    assert_eq!(
        born.clone().select(years.c.0).to_sql(),
        concat!(
            r#"SELECT "subquery"."c0" FROM generate_series($1, $2) AS "subquery" ("c0") "#,
            r#"LEFT JOIN "customer" ON "customer"."born" = "subquery"."c0" ORDER BY "subquery"."c0""#,
        ),
    );
    let rows: Vec<(i32, Option<String>)> = db.engine.rows(born.select((years.c.0, Customer::name))).await?;
    assert_eq!(rows, [(1984, None), (1985, Some("Bob".into())), (1986, None)]);

    let even = generate_series_by(2i64, 10, 4).subquery();
    assert_eq!(db.engine.rows(query_from(&even).select(even.c.0)).await?, [2, 6, 10]);

    let tags = unnest(Order::tags).subquery();
    let tagged = query::<Order>().left_join_lateral(&tags).order_by(Order::id.asc()).order_by(tags.c.0.asc());
    let rows: Vec<(i32, Option<String>)> = db.engine.rows(tagged.select((Order::id, tags.c.0))).await?;
    let expected = [(1, Some("fast")), (1, Some("gift")), (2, None), (3, Some("fast")), (4, None)];
    assert_eq!(rows, expected.map(|(id, tag)| (id, tag.map(str::to_owned))));

    let prices = values([("tea".to_owned(), 3), ("milk".to_owned(), 2)]).subquery();
    let priced = query::<Line>().join_on(&prices, prices.c.0.eq(Line::product)).order_by(Line::id.asc());
    let rows: Vec<(String, i32)> = db.engine.rows(priced.select((Line::product, prices.c.1 * Line::quantity))).await?;
    assert_eq!(rows, [("tea".to_owned(), 6), ("milk".to_owned(), 2), ("tea".to_owned(), 3)]);

    let series = generate_series(1, Line::quantity).subquery();
    let pieces = query::<Line>().join_lateral(&series).select((Line::id, series.c.0));
    assert!(
        pieces.to_sql().ends_with(r#"CROSS JOIN LATERAL generate_series($1, "line"."quantity") AS "subquery" ("c0")"#)
    );
    assert_eq!(db.engine.rows(pieces).await?.len(), 7);
    Ok(())
}

#[tokio::test]
async fn q14_chains_over_several_relationships() -> Result<()> {
    let db = shop().await;
    let chain = query::<Customer>().join(Customer::orders).join(Order::lines).filter(Line::product.eq("tea"));
    assert_eq!(db.engine.rows(chain.select((Customer::name, Order::id)).distinct()).await?.len(), 2);
    let up = query::<Line>().join(Line::order).join(Order::customer).filter(Customer::name.eq("Bob"));
    assert_eq!(db.engine.one(up).await?.product, "rye bread");
    Ok(())
}

/// Rooms: 1 hall, 2 attic (deleted). Chairs: 1 red in the hall, 2 blue in the attic, 3 old in the hall (deleted), 4 loose.
/// Owners: 1 Ann, 2 Bob (deleted), 3 Cleo. Ann owns the hall and the attic, Bob the hall, and nobody owns by Cleo.
async fn house() -> TestDb {
    let db = TestDb::with::<(Room, Chair, Owner)>().await;
    db.run(
        "INSERT INTO house.room (name, deleted_at) VALUES ('hall', NULL), ('attic', now());
         INSERT INTO chair (name, room_id, deleted_at) VALUES
             ('red', 1, NULL), ('blue', 2, NULL), ('old', 1, now()), ('loose', NULL, NULL);
         INSERT INTO owner (name, deleted_at) VALUES ('Ann', NULL), ('Bob', now()), ('Cleo', NULL);
         INSERT INTO room_owner (room_id, owner_id) VALUES (1, 1), (2, 1), (1, 2);
         INSERT INTO house.room (name) VALUES ('cellar');
         INSERT INTO room_owner (room_id, owner_id) VALUES (3, 2);",
    )
    .await;
    db
}

#[tokio::test]
async fn q14_marked_rows_are_left_out_of_right_and_full_joins() -> Result<()> {
    let db = house().await;
    let right = query::<Room>().right_join(Chair::room.rev()).order_by(Chair::id.asc());
    assert_eq!(
        from(&right.to_sql()),
        concat!(
            r#"(SELECT * FROM "house"."room" WHERE "house"."room"."deleted_at" IS NULL) AS "room" "#,
            r#"RIGHT JOIN (SELECT * FROM "chair" WHERE "chair"."deleted_at" IS NULL) AS "chair" "#,
            r#"ON "room"."id" = "chair"."room_id" ORDER BY "chair"."id""#,
        ),
    );
    let rows: Vec<(Option<String>, String)> = db.engine.rows(right.clone().select((Room::name, Chair::name))).await?;
    let expected = [(Some("hall"), "red"), (None, "blue"), (None, "loose")];
    assert_eq!(rows, expected.map(|(room, chair)| (room.map(str::to_owned), chair.to_owned())));
    let all = db.engine.rows(right.with_deleted().select((Room::name, Chair::name))).await?;
    assert_eq!(all.len(), 4);
    assert_eq!(all[1].0.as_deref(), Some("attic"));

    let full = query::<Room>().full_join(Chair::room.rev()).order_by(Room::id.asc()).order_by(Chair::id.asc());
    let rows: Vec<(Option<String>, Option<String>)> = db.engine.rows(full.select((Room::name, Chair::name))).await?;
    let expected = [(Some("hall"), Some("red")), (Some("cellar"), None), (None, Some("blue")), (None, Some("loose"))];
    assert_eq!(rows, expected.map(|(room, chair)| (room.map(str::to_owned), chair.map(str::to_owned))));

    let crossed = query::<Room>().cross_join(Chair::TABLE);
    assert_eq!(crossed.on(&db.engine).count().await?, 6, "two rooms, three chairs");
    Ok(())
}

#[tokio::test]
async fn q14_right_and_full_joins_over_links() -> Result<()> {
    let db = house().await;
    let right = query::<Room>().right_join(Room::owners).order_by(Owner::id.asc());
    let rows: Vec<(Option<String>, String)> = db.engine.rows(right.select((Room::name, Owner::name))).await?;
    let expected = [(Some("hall"), "Ann"), (None, "Cleo")];
    assert_eq!(rows, expected.map(|(room, owner)| (room.map(str::to_owned), owner.to_owned())));

    let full = query::<Room>().full_join(Room::owners).order_by(Room::id.asc()).order_by(Owner::id.asc());
    assert_eq!(
        from(&full.to_sql()),
        concat!(
            r#"(SELECT * FROM "house"."room" WHERE "house"."room"."deleted_at" IS NULL) AS "room" "#,
            r#"LEFT JOIN "room_owner" AS "room_owner" ON "room_owner"."room_id" = "room"."id" AND EXISTS "#,
            r#"(SELECT 1 FROM "owner" WHERE "room_owner"."owner_id" = "owner"."id" AND "owner"."deleted_at" IS NULL) "#,
            r#"FULL JOIN (SELECT * FROM "owner" WHERE "owner"."deleted_at" IS NULL) AS "owner" "#,
            r#"ON "room_owner"."owner_id" = "owner"."id" ORDER BY "room"."id", "owner"."id""#,
        ),
    );
    let rows: Vec<(Option<String>, Option<String>)> = db.engine.rows(full.select((Room::name, Owner::name))).await?;
    let expected = [(Some("hall"), Some("Ann")), (Some("cellar"), None), (None, Some("Cleo"))];
    assert_eq!(rows, expected.map(|(room, owner)| (room.map(str::to_owned), owner.map(str::to_owned))));
    Ok(())
}

#[tokio::test]
async fn q14_bulk_writes_refuse_what_they_cannot_say() -> Result<()> {
    let db = shop().await;
    let sent = db.record();
    let crossed = db.engine.query::<Customer>().cross_join(Order::TABLE).delete().await.expect_err("a cross join");
    assert_eq!(crossed.kind(), ErrorKind::Invalid);
    aliased!(let other = Customer);
    let aliased = db.engine.query_from(&other).filter(other.c.id.eq(1)).delete().await.expect_err("an alias");
    assert_eq!(aliased.kind(), ErrorKind::Invalid);
    assert!(aliased.to_string().contains("of its table"), "{aliased}");
    assert!(sent.take().is_empty());
    Ok(())
}
