//! Exact numbers of the crate rust_decimal.

use super::TypeDef;
use super::scalar::field_by_driver;
use rust_decimal::Decimal;

field_by_driver! {
    Decimal => Numeric TypeDef::builtin("numeric", "numeric", 1700, 1231), NUMERIC;
}
