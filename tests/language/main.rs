//! The query language, by the numbers of `docs/queries.md`: the text that each item becomes, and what it gives.

mod filters_are_part_of_every_statement;
mod shop;
