//! The UUID of the crate uuid.

use super::scalar::field_by_driver;
use super::{KeyType, TypeDef};
use uuid::Uuid;

field_by_driver! {
    Uuid => Uuid TypeDef::builtin("uuid", "uuid", 2950, 2951), UUID;
}

impl KeyType for Uuid {
    fn placeholder() -> Self {
        Self::nil()
    }
}
