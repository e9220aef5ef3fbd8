//! The columns of a model as an item of a select list: the one part of a text that is long, and the same in every query
//! of the model. It is made once for each thread, and found again by the address of its table.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::thread::LocalKey;

use super::writer::Writer;
use crate::schema::TableDef;

type Lists = RefCell<HashMap<*const TableDef, Box<str>, BuildHasherDefault<AddressHasher>>>;

thread_local! {
    /// Of each thread its own, so that threads do not wait for each other. A program has as many as it has models.
    static LISTS: Lists = RefCell::default();
}

impl Writer {
    /// Writes the columns of a table that is called by its own name: `"homework"."id", "homework"."number"`.
    pub(super) fn own_columns(&mut self, table: &'static TableDef) {
        if !self.copy_own_columns(&LISTS, table) {
            self.push(&own_columns(table));
        }
    }

    /// While a thread ends, it may have no lists any more.
    fn copy_own_columns(&mut self, lists: &'static LocalKey<Lists>, table: &'static TableDef) -> bool {
        let copied = lists.try_with(|lists| {
            let mut lists = lists.borrow_mut();
            self.push(lists.entry(table).or_insert_with(|| own_columns(table)));
        });
        copied.is_ok()
    }
}

/// Spreads addresses, which nobody chooses to make them collide.
#[derive(Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte));
        }
    }

    fn write_usize(&mut self, address: usize) {
        let mixed = (self.0 ^ address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

fn own_columns(table: &TableDef) -> Box<str> {
    let mut list = Writer::default();
    list.separated(", ", table.columns, |w, column| {
        w.table(table).push(".").ident(column.name);
    });
    list.into_sql().into_boxed_str()
}
