//! The query language, by the numbers of `docs/queries.md`: the text that each item becomes, and what it gives.

mod q12_array;
mod q12_json;
mod q12_network;
mod q12_range;
mod q12_search;
mod shop;
