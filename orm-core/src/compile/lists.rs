//! The columns of a model as an item of a select list: the one part of a text that is long, and the same in every query
//! of the model. It is made once for each thread, and found again by the address of its table.

use std::cell::RefCell;
use std::collections::HashMap;
use std::thread::LocalKey;

use super::writer::Writer;
use crate::schema::TableDef;

type Lists = RefCell<HashMap<*const TableDef, Box<str>>>;

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

fn own_columns(table: &TableDef) -> Box<str> {
    let mut list = Writer::default();
    list.separated(", ", table.columns, |w, column| {
        w.table(table).push(".").ident(column.name);
    });
    list.into_sql().into_boxed_str()
}
