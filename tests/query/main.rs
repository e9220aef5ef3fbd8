//! Queries: the text that they become, and what they give from an engine and from a session.

#[path = "../session/models.rs"]
mod models;

mod bulk_writes_are_one_statement;
mod conditions_choose_rows;
mod far_ends_find_their_near_ends;
mod hostile_values_are_values;
mod joins_bring_tables_in_scope;
mod loads_come_beside_the_values;
mod marked_rows_are_left_out;
mod one_statement_reads_both_ends;
mod order_and_limits_are_clauses;
mod parts_of_relationships_are_loaded;
mod queries_are_values;
mod relationships_are_conditions;
mod rows_are_counted_and_picked;
mod rows_are_streamed;
mod selections_are_typed_tuples;
mod subqueries_are_parts_of_queries;

/// What a query's text says after its select list.
fn from(sql: &str) -> &str {
    sql.split_once(" FROM ").map_or(sql, |(_, from)| from)
}

/// What a query's text says after WHERE.
fn condition(sql: &str) -> &str {
    sql.split_once(" WHERE ").map_or(sql, |(_, condition)| condition)
}
