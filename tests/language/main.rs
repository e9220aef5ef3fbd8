//! The query language, by the numbers of `docs/queries.md`: the text that each item becomes, and what it gives.

mod composites;
mod projection_relations;
mod projections;
mod shop;
mod statements;
mod views;
