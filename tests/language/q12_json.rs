//! Q12, `jsonb`: what is taken out of it, asked of it, built and set.

use orm_core::prelude::*;
use orm_core::types::Json;
use orm_tests::TestDb;
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Settings {
    theme: String,
    size: i32,
}

#[derive(Model, Debug, Clone, PartialEq)]
struct Event {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    data: Value,
    more: Option<Value>,
    settings: Json<Settings>,
}

async fn events() -> TestDb {
    let db = TestDb::with::<Event>().await;
    let mut session = db.engine.session();
    let event = |name: &str, data: Value, more: Option<Value>, theme: &str| {
        let settings = Json(Settings { theme: theme.to_owned(), size: 1 });
        Event::builder().name(name).data(data).more(more).settings(settings)
    };
    session.add_all([
        event("click", json!({"a": ["x", "y"], "n": 5, "f": 1.5, "ok": true, "none": null}), None, "dark"),
        event("move", json!({"a": ["z"], "n": 50, "deep": {"down": [10, 20]}}), Some(json!({"k": 1})), "light"),
        event("list", json!(["p", "q"]), None, "dark"),
    ]);
    session.commit().await.expect("the events are there");
    db
}

#[test]
fn q12_json_is_taken_apart_in_sql() {
    let query = query::<Event>().select((
        Event::data.get("a"),
        Event::data.get_text("a"),
        Event::data.get_path(["deep", "down"]),
        Event::data.get_path(["deep", "down"]).as_text(),
        Event::data.as_text(),
        Event::data.get("n").as_i32(),
        Event::data.get("f").as_f64(),
        Event::data.get("ok").as_bool(),
    ));
    assert_eq!(
        query.to_sql(),
        concat!(
            r#"SELECT "event"."data" -> $1, "event"."data" ->> $2, "event"."data" #> $3, "event"."data" #>> $4, "#,
            r#""event"."data" #>> $5, CAST("event"."data" ->> $6 AS integer), "#,
            r#"CAST("event"."data" ->> $7 AS double precision), CAST("event"."data" ->> $8 AS boolean) FROM "event""#,
        )
    );
}

#[tokio::test]
async fn q12_json_is_taken_apart() -> orm_core::Result<()> {
    let db = events().await;
    let rows: Vec<(Option<String>, Option<i64>, Option<f64>, Option<bool>, Option<i32>)> = db
        .engine
        .query::<Event>()
        .order_by(Event::id.asc())
        .select((
            Event::data.get("a").get(0).as_text(),
            Event::data.get("n").as_i64(),
            Event::data.get("f").as_f64(),
            Event::data.get("ok").as_bool(),
            Event::data.get_path(["deep", "down", "1"]).as_i32(),
        ))
        .all()
        .await?;
    assert_eq!(
        rows,
        [
            (Some("x".into()), Some(5), Some(1.5), Some(true), None),
            (Some("z".into()), Some(50), None, None, Some(20)),
            (None, None, None, None, None)
        ]
    );
    let last =
        db.engine.query::<Event>().filter(Event::data.get(-1).as_text().eq("q")).select(Event::name).all().await?;
    assert_eq!(last, ["list"]);
    let by_column = db.engine.query::<Event>().select(Event::settings.get("theme").as_text()).first().await?;
    assert_eq!(by_column, Some(Some("dark".to_owned())));
    let none = db.engine.query::<Event>().filter(Event::id.eq(1)).select(Event::data.get_text("none")).one().await?;
    assert_eq!(none, None);
    let wrong = db.engine.query::<Event>().select(Event::data.get("a").as_i32()).all().await.unwrap_err();
    assert!(wrong.to_string().contains("invalid input syntax"), "{wrong}");
    Ok(())
}

#[tokio::test]
async fn q12_json_is_asked() -> orm_core::Result<()> {
    let db = events().await;
    macro_rules! names {
        ($condition:expr) => {
            db.engine.query::<Event>().filter($condition).order_by(Event::id.asc()).select(Event::name).all().await?
        };
    }
    assert_eq!(names!(Event::data.includes(json!({"n": 5}))), ["click"]);
    assert_eq!(names!(Event::data.get("a").included_in(json!(["x", "y", "z"]))), ["click", "move"]);
    assert_eq!(names!(Event::data.has_key("f")), ["click"]);
    assert_eq!(names!(Event::data.has_key("p")), ["list"]);
    assert_eq!(names!(Event::data.has_any_key(["f", "deep"])), ["click", "move"]);
    assert_eq!(names!(Event::data.has_all_keys(vec!["a", "deep"])), ["move"]);
    assert_eq!(names!(Event::more.has_key("k")), ["move"]);
    assert_eq!(names!(Event::data.path_exists("$.a[*] ? (@ == \"y\")")), ["click"]);
    assert_eq!(names!(Event::data.path_matches("$.n > 10")), ["move"]);
    assert_eq!(names!(Event::settings.includes(json!({"theme": "dark"}))), ["click", "list"]);
    assert_eq!(names!(Event::data.json_type().eq("array")), ["list"]);
    let found = db
        .engine
        .query::<Event>()
        .filter(Event::id.eq(2))
        .select((
            Event::data.path_query_first("$.deep.down[*]"),
            Event::data.path_query_array("$.deep.down[*]"),
            Event::data.get("a").json_array_length(),
            Event::more.json_type(),
        ))
        .one()
        .await?;
    assert_eq!(found, (Some(json!(10)), json!([10, 20]), Some(1), Some("object".to_owned())));
    let rows = db.engine.query::<Event>().select(Event::data.path_query("$.deep.down[*]")).all().await?;
    assert_eq!(rows, [json!(10), json!(20)]);
    let no_path = db.engine.query::<Event>().filter(Event::data.path_exists("$.")).all().await.unwrap_err();
    assert!(no_path.to_string().contains("syntax error"), "{no_path}");
    Ok(())
}

#[tokio::test]
async fn q12_json_is_built() -> orm_core::Result<()> {
    let db = events().await;
    let query = Event::data.get("n");
    let built = db
        .engine
        .query::<Event>()
        .filter(Event::id.eq(1))
        .select((
            jsonb_build_object()
                .key("id", Event::id)
                .key("n", query)
                .key("more", Event::more)
                .key("kind", "event")
                .key("list", jsonb_build_array().item(1).item(Event::name).item(true).item(json!({"x": 1}))),
            Event::name.to_jsonb(),
            Event::more.to_jsonb(),
        ))
        .one()
        .await?;
    let object = json!({"id": 1, "n": 5, "more": null, "kind": "event", "list": [1, "click", true, {"x": 1}]});
    assert_eq!(built, (object, json!("click"), None));
    Ok(())
}

#[tokio::test]
async fn q12_json_is_set() -> orm_core::Result<()> {
    let db = events().await;
    let changed = Event::data
        .set_path(["n"], json!(6))
        .set_path(["new"], json!({"in": 1}))
        .merge(json!({"f": 2}))
        .without("a")
        .without_path(["new", "in"]);
    let query = db.engine.query::<Event>().filter(Event::id.eq(1));
    query.update((Event::data.set(changed), Event::settings.set(Event::settings.set_path(["size"], json!(7))))).await?;
    let event = db.engine.query::<Event>().filter(Event::id.eq(1)).one().await?;
    assert_eq!(event.data, json!({"n": 6, "f": 2, "ok": true, "none": null, "new": {}}));
    assert_eq!(event.settings, Json(Settings { theme: "dark".into(), size: 7 }));
    let less = db.engine.query::<Event>().filter(Event::id.eq(3)).select(Event::data.without(0)).one().await?;
    assert_eq!(less, json!(["q"]));
    Ok(())
}
