//! [`IdentityMap`]: which object has which primary key.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::hash::ValueMap;
use crate::schema::TableDef;
use crate::types::{NumberHasher, integer, is_integer};

/// A primary key: a number, or the bytes of its columns, each led by their length.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum IdentityKey {
    /// A single integer column, which is nearly every key there is.
    Number(i64),
    Bytes(Box<[u8]>),
}

impl IdentityKey {
    /// The key of a row of `table`, or `None` if one of its columns is not there yet.
    pub(super) fn of<'a>(table: &TableDef, raw: impl Fn(usize) -> Option<&'a [u8]>) -> Option<Self> {
        if let [single] = table.primary_key
            && is_integer(table.columns[*single].ty)
        {
            return integer(raw(*single)?).map(Self::Number);
        }
        let mut bytes = Vec::new();
        for &column in table.primary_key {
            let part = raw(column)?;
            bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Some(Self::Bytes(bytes.into()))
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }
}

/// The objects of one model by primary key. Numbers, in a map of their own, cost sixteen bytes each.
#[derive(Debug, Default)]
pub(super) struct IdentityMap {
    numbers: HashMap<i64, u32, BuildHasherDefault<NumberHasher>>,
    bytes: ValueMap<Box<[u8]>, u32>,
}

impl IdentityMap {
    #[inline]
    pub(super) fn get(&self, key: &IdentityKey) -> Option<u32> {
        match key {
            IdentityKey::Number(number) => self.numbers.get(number).copied(),
            IdentityKey::Bytes(bytes) => self.bytes.get(bytes).copied(),
        }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.bytes.is_empty()
    }

    /// Enters an object; gives the one that has the key already, which stays.
    #[inline]
    pub(super) fn insert(&mut self, key: IdentityKey, slot: u32) -> Option<u32> {
        match key {
            IdentityKey::Number(number) => {
                let found = *self.numbers.entry(number).or_insert(slot);
                (found != slot).then_some(found)
            }
            IdentityKey::Bytes(bytes) => {
                let found = *self.bytes.entry(bytes).or_insert(slot);
                (found != slot).then_some(found)
            }
        }
    }

    /// Takes an object out, unless the key is another's meanwhile.
    pub(super) fn remove(&mut self, key: &IdentityKey, slot: u32) {
        if self.get(key) != Some(slot) {
            return;
        }
        match key {
            IdentityKey::Number(number) => {
                self.numbers.remove(number);
            }
            IdentityKey::Bytes(bytes) => {
                self.bytes.remove(bytes);
            }
        }
    }
}
