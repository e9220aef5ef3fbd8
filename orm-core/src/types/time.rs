//! Date and time types of the crate time.

use super::TypeDef;
use super::scalar::field_by_driver;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};

field_by_driver! {
    Date => Date TypeDef::builtin("date", "date", 1082, 1182), DATE;
    Time => Time TypeDef::builtin("time", "time", 1083, 1183), TIME;
    PrimitiveDateTime => Timestamp TypeDef::builtin("timestamp", "timestamp", 1114, 1115), TIMESTAMP;
    OffsetDateTime => Timestamptz TypeDef::builtin("timestamptz", "timestamptz", 1184, 1185), TIMESTAMPTZ;
}
