//! Tables that point to each other: the key that closes the cycle is added after the tables, and dropped before them.

use orm_core::prelude::*;
use orm_tests::TestDb;

#[derive(Model, Debug, Clone)]
#[model(table = "country")]
struct Country {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = City::id, on_delete = set_null)]
    capital_id: Option<i32>,
}

#[derive(Model, Debug, Clone)]
#[model(table = "city")]
struct City {
    #[model(primary_key)]
    id: Auto<i32>,
    #[model(references = Country::id)]
    country_id: i32,
    #[model(references = City::id)]
    twin_id: Option<i32>,
}

#[test]
fn the_text() -> orm_core::Result<()> {
    let metadata = Metadata::of::<(City, Country)>()?;
    let names: Vec<&str> = metadata.tables().iter().map(|table| table.name).collect();
    assert_eq!(names, ["country", "city"]);
    let ddl = metadata.ddl();
    let lines: Vec<&str> = ddl.lines().collect();
    assert!(!lines[0].contains("FOREIGN KEY"), "{}", lines[0]);
    assert_eq!(
        lines[2],
        r#"ALTER TABLE "country" ADD CONSTRAINT "country_capital_id_fkey" FOREIGN KEY ("capital_id") REFERENCES "city" ("id") ON DELETE SET NULL;"#
    );
    assert_eq!(
        metadata.drop_ddl().lines().collect::<Vec<_>>(),
        [
            r#"ALTER TABLE IF EXISTS "country" DROP CONSTRAINT IF EXISTS "country_capital_id_fkey";"#,
            r#"DROP TABLE IF EXISTS "city";"#,
            r#"DROP TABLE IF EXISTS "country";"#,
        ]
    );
    Ok(())
}

#[tokio::test]
async fn the_effect() -> orm_core::Result<()> {
    let db = TestDb::new();
    db.engine.create_all::<(City, Country)>().await?;
    db.engine.create_all::<(City, Country)>().await?;
    let keys = "SELECT conname FROM pg_constraint WHERE contype = 'f' ORDER BY 1";
    assert_eq!(db.stored(keys).await, ["city_country_id_fkey", "city_twin_id_fkey", "country_capital_id_fkey"]);
    let mut session = db.engine.session();
    let country = session.add(Country::builder());
    session.commit().await?;
    let id = session[country].id.get().expect("flushed");
    let city = session.add(City::builder().country_id(id));
    session.commit().await?;
    session[country].capital_id = session[city].id.get();
    session.commit().await?;
    db.engine.drop_all::<(City, Country)>().await?;
    db.engine.drop_all::<(City, Country)>().await?;
    assert_eq!(db.stored("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").await, ["0"]);
    Ok(())
}
