//! The query language, by the numbers of `docs/queries.md`: the text that each item becomes, and what it gives.

mod combined;
mod ctes;
mod dynamic;
mod joins;
mod related;
mod shop;
mod subqueries;

/// What a query's text says after its select list.
fn from(sql: &str) -> &str {
    sql.split_once(" FROM ").map_or(sql, |(_, from)| from)
}
