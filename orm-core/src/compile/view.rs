//! Views to text.

use super::ddl::DdlStatement;
use super::writer::Writer;
use crate::schema::{TableDef, ViewDef};

/// Whether a view is there: what is there stays as it is, and `CREATE VIEW` has no IF NOT EXISTS.
const IS_THERE: &str = "SELECT to_regclass($1) IS NOT NULL";

/// What the statements call it.
pub(super) fn kind(table: &TableDef) -> &'static str {
    match table.view {
        None => "TABLE ",
        Some(ViewDef { materialized: false, .. }) => "VIEW ",
        Some(ViewDef { materialized: true, .. }) => "MATERIALIZED VIEW ",
    }
}

/// `CREATE VIEW`, where the model has a query.
pub(super) fn create_view(table: &'static TableDef) -> Option<DdlStatement> {
    let sql = table.view?.sql?;
    let mut name = Writer::default();
    name.table(table);
    let mut w = Writer::default();
    w.push("CREATE ").push(kind(table)).table(table).push(" AS ").push(sql);
    Some(DdlStatement { sql: w.into_sql(), unless: Some((IS_THERE, vec![name.into_sql()])) })
}

/// `DROP VIEW`, where the model has a query.
pub(super) fn drop_view(table: &'static TableDef) -> Option<DdlStatement> {
    table.view?.sql?;
    let mut w = Writer::default();
    w.push("DROP ").push(kind(table)).push("IF EXISTS ").table(table);
    Some(w.into())
}

/// `REFRESH MATERIALIZED VIEW`
pub(crate) fn refresh(table: &TableDef, concurrently: bool) -> String {
    let mut w = Writer::default();
    w.push("REFRESH MATERIALIZED VIEW ").push(if concurrently { "CONCURRENTLY " } else { "" }).table(table);
    w.into_sql()
}
