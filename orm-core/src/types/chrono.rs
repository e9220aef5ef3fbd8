//! Date and time types of the crate chrono.

use super::TypeDef;
use super::scalar::field_by_driver;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};

field_by_driver! {
    NaiveDate => Date TypeDef::builtin("date", "date", 1082, 1182), DATE;
    NaiveTime => Time TypeDef::builtin("time", "time", 1083, 1183), TIME;
    NaiveDateTime => Timestamp TypeDef::builtin("timestamp", "timestamp", 1114, 1115), TIMESTAMP;
    DateTime<Utc> => Timestamptz TypeDef::builtin("timestamptz", "timestamptz", 1184, 1185), TIMESTAMPTZ;
    DateTime<FixedOffset> => Timestamptz TypeDef::builtin("timestamptz", "timestamptz", 1184, 1185), TIMESTAMPTZ;
}
