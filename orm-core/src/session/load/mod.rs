//! Loading: rows become objects, and relationships are filled.

mod instances;
mod selectin;
