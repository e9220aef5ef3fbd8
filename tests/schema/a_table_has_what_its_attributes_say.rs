//! Each attribute of a struct is in the DDL and has its effect.

use orm_core::prelude::*;
use orm_tests::TestDb;

#[derive(Model, Debug, Clone)]
#[model(table = "booking", schema = "hotel", comment = "who sleeps where")]
#[model(primary_key(room, night))]
#[model(unique(guest, night), unique(guest, price, name = "one_price"))]
#[model(index(guest, price), index(price, unique, using = "btree", where = "price > 10", name = "dear"))]
#[model(check("price > 0"), check("room > 0", name = "real_room"))]
#[model(check("room < 1000"))]
struct Booking {
    room: i32,
    #[model(column = "on_night")]
    night: i32,
    guest: String,
    price: i32,
}

#[derive(Model, Debug, Clone)]
struct NamedByItself {
    #[model(primary_key)]
    left: i32,
    #[model(primary_key)]
    right: String,
}

#[test]
fn the_text() -> orm_core::Result<()> {
    let ddl = Metadata::of::<(Booking, NamedByItself)>()?.ddl();
    assert_eq!(
        ddl.lines().collect::<Vec<_>>(),
        [
            r#"CREATE SCHEMA IF NOT EXISTS "hotel";"#,
            r#"CREATE TABLE IF NOT EXISTS "named_by_itself" ("left" integer NOT NULL, "right" text NOT NULL, CONSTRAINT "named_by_itself_pkey" PRIMARY KEY ("left", "right"));"#,
            r#"CREATE TABLE IF NOT EXISTS "hotel"."booking" ("room" integer NOT NULL, "on_night" integer NOT NULL, "guest" text NOT NULL, "price" integer NOT NULL, CONSTRAINT "booking_pkey" PRIMARY KEY ("room", "on_night"), CONSTRAINT "booking_guest_on_night_key" UNIQUE ("guest", "on_night"), CONSTRAINT "one_price" UNIQUE ("guest", "price"), CONSTRAINT "booking_check" CHECK (price > 0), CONSTRAINT "real_room" CHECK (room > 0), CONSTRAINT "booking_check1" CHECK (room < 1000));"#,
            r#"CREATE INDEX IF NOT EXISTS "booking_guest_price_idx" ON "hotel"."booking" ("guest", "price");"#,
            r#"CREATE UNIQUE INDEX IF NOT EXISTS "dear" ON "hotel"."booking" USING "btree" ("price") WHERE price > 10;"#,
            r#"COMMENT ON TABLE "hotel"."booking" IS 'who sleeps where';"#,
        ]
    );
    Ok(())
}

#[tokio::test]
async fn the_catalog() {
    let db = TestDb::with::<(Booking, NamedByItself)>().await;
    let constraints = db.stored(
        "SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint \
         WHERE conrelid = 'hotel.booking'::regclass AND contype <> 'n' ORDER BY 1",
    );
    assert_eq!(
        constraints.await,
        [
            "booking_check|c|CHECK ((price > 0))",
            "booking_check1|c|CHECK ((room < 1000))",
            "booking_guest_on_night_key|u|UNIQUE (guest, on_night)",
            "booking_pkey|p|PRIMARY KEY (room, on_night)",
            "one_price|u|UNIQUE (guest, price)",
            "real_room|c|CHECK ((room > 0))",
        ]
    );
    assert_eq!(db.stored("SELECT obj_description('hotel.booking'::regclass)").await, ["who sleeps where"]);
    assert_eq!(
        db.stored("SELECT indexdef FROM pg_indexes WHERE indexname = 'dear'").await,
        ["CREATE UNIQUE INDEX dear ON hotel.booking USING btree (price) WHERE (price > 10)"]
    );
}

#[tokio::test]
async fn a_table_of_a_schema_is_read_and_written() -> orm_core::Result<()> {
    let db = TestDb::with::<Booking>().await;
    let mut session = db.engine.session();
    let handles = session.add_all([
        Booking::builder().room(1).night(1).guest("a").price(5),
        Booking::builder().room(1).night(2).guest("a").price(6),
    ]);
    session.commit().await?;
    session[handles[0]].price = 7;
    session.delete(handles[1])?;
    session.commit().await?;
    assert_eq!(db.stored("SELECT * FROM hotel.booking").await, ["1|1|a|7"]);
    let found = db.engine.query::<Booking>().filter(Booking::night.eq(1)).one().await?;
    assert_eq!(found.price, 7);

    let mut session = db.engine.session();
    session.add(Booking::builder().room(1).night(1).guest("b").price(5));
    let error = session.commit().await.unwrap_err();
    assert!(error.is_unique_violation(), "{error}");
    assert_eq!((error.constraint(), error.table()), (Some("booking_pkey"), Some("hotel.booking")));
    assert_eq!(error.model(), Some("Booking"));
    Ok(())
}
