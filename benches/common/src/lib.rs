//! What the benchmarks have in common.

pub mod figures;
pub mod memory;
pub mod place;

use std::error::Error as StdError;

/// Whatever goes wrong.
pub type Result<T, E = Box<dyn StdError + Send + Sync>> = std::result::Result<T, E>;
