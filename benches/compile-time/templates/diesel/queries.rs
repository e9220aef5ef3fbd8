
pub fn newest(connection: &mut PgConnection, least: i32) -> QueryResult<Vec<$Model>> {
    $table::table
        .filter($table::active.eq(true))
        .filter($table::quantity.gt(least))
        .order($table::created.desc())
        .limit(10)
        .select($Model::as_select())
        .load(connection)
}

pub fn under(connection: &mut PgConnection, title: &str, least: i64) -> QueryResult<Vec<(i64, String, String)>> {
    $table::table
        .inner_join($near::table)
        .filter($near::title.eq(title))
        .filter($table::total.ge(least))
        .select(($table::id, $table::title, $near::code))
        .load(connection)
}

pub fn create(connection: &mut PgConnection, code: &str, parent_id: i64) -> QueryResult<i64> {
    let new = New$Model {
        code,
        title: "new",
        note: Some("a note"),
        active: true,
        quantity: 1,
        total: 100,
        ratio: Some(0.5),
        created: Utc::now(),
        parent_id,
    };
    diesel::insert_into($table::table).values(&new).returning($table::id).get_result(connection)
}

pub fn restock(connection: &mut PgConnection, code: &str, more: i32) -> QueryResult<usize> {
    diesel::update($table::table.filter($table::code.eq(code)))
        .set(($table::quantity.eq($table::quantity + more), $table::title.eq("restocked")))
        .execute(connection)
}

pub fn summary(connection: &mut PgConnection) -> QueryResult<(i64, Option<i64>)> {
    $table::table
        .filter($table::active.eq(true))
        .select((diesel::dsl::count($table::id), diesel::dsl::max($table::total)))
        .first(connection)
}
