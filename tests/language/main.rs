//! The query language, by the numbers of `docs/queries.md`: the text that each item becomes, and what it gives.

mod any_expression_is_what_it_says;
mod bulk_writes_give_rows_back;
mod changes_are_structs;
mod columns_are_chosen_by_name;
mod combined;
mod composites;
mod ctes;
mod dates_are_calculated;
mod documentation;
mod dynamic;
mod each_statement_has_its_place;
mod embedded;
mod expressions_are_the_same;
mod filters_are_part_of_every_statement;
mod filters_reach_everywhere;
mod functions_have_their_types;
mod groups_have_aggregates;
mod joins;
mod knowing;
mod names_and_numbers_have_limits;
mod numbers_are_calculated;
mod pages_go_both_ways;
mod predicates_choose_rows;
mod projection_relations;
mod projections;
mod q12_array;
mod q12_json;
mod q12_network;
mod q12_range;
mod q12_search;
mod related;
mod rows_are_copied;
mod rows_are_given_by_iterators;
mod rows_are_inserted;
mod rows_are_locked;
mod rows_are_merged;
mod rows_are_seen_through_windows;
mod selections_have_models;
mod shop;
mod statements;
mod subqueries;
mod traced;

/// What stands behind `FROM` in a text.
fn from(sql: &str) -> &str {
    sql.split_once(" FROM ").map_or("", |(_, rest)| rest)
}

/// What is selected in a text.
fn selected(sql: &str) -> &str {
    let list = sql.split_once(" FROM ").map_or(sql, |(list, _)| list);
    list.strip_prefix("SELECT ").unwrap_or(list)
}
mod texts_are_matched;
mod tuples_are_compared;
mod views;
mod what_is_hostile_stays_a_value;
