//! The query language, by the numbers of `docs/queries.md`: the text that each item becomes, and what it gives.

mod bulk_writes_give_rows_back;
mod changes_are_structs;
mod rows_are_copied;
mod rows_are_inserted;
mod rows_are_merged;
mod shop;
