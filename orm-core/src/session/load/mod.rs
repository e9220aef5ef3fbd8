//! Loading: rows become objects, and relationships are filled.

mod by_key;
mod instances;
mod selectin;
