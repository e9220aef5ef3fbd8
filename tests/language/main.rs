//! The query language, by the numbers of `docs/queries.md`: the text that each item becomes, and what it gives.

mod groups_have_aggregates;
mod pages_go_both_ways;
mod rows_are_locked;
mod rows_are_seen_through_windows;
mod selections_have_models;
mod shop;

/// What stands behind `FROM` in a text.
fn from(sql: &str) -> &str {
    sql.split_once(" FROM ").map_or("", |(_, rest)| rest)
}

/// What is selected in a text.
fn selected(sql: &str) -> &str {
    let list = sql.split_once(" FROM ").map_or(sql, |(list, _)| list);
    list.strip_prefix("SELECT ").unwrap_or(list)
}
