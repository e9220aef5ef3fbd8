//! Loading: rows become objects, and relationships are filled.

mod anew;
mod by_key;
mod instances;
mod selectin;
