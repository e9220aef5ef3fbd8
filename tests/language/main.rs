//! The query language, by the numbers of `docs/queries.md`: the text that each item becomes, and what it gives.

mod any_expression_is_what_it_says;
mod columns_are_chosen_by_name;
mod functions_have_their_types;
mod numbers_are_calculated;
mod predicates_choose_rows;
mod shop;
mod texts_are_matched;
mod tuples_are_compared;
mod what_is_hostile_stays_a_value;
