//! What a flush would write, for those who want to know before.

use std::fmt;

use super::Session;
use super::flush::{intents, key_text};
use super::inner::Row;
use crate::error::{Error, Result};
use crate::schema::{Dump, Handle, Model, RawHandle, TableDef};

/// How a row is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It is inserted.
    Insert,
    /// It is updated.
    Update,
    /// It is deleted.
    Delete,
}

/// In lower case: `insert`, `update`, `delete`.
impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        })
    }
}

/// An object whose row the next flush writes; of [`Session::changes`].
#[derive(Debug, Clone)]
pub struct ObjectChange {
    table: &'static TableDef,
    handle: RawHandle,
    kind: ChangeKind,
    columns: Vec<&'static str>,
    key: Option<String>,
}

impl ObjectChange {
    /// The Rust name of its model.
    #[must_use]
    pub fn model(&self) -> &'static str {
        self.table.model
    }

    /// Its table.
    #[must_use]
    pub fn table(&self) -> &'static TableDef {
        self.table
    }

    /// What the flush does.
    #[must_use]
    pub fn kind(&self) -> ChangeKind {
        self.kind
    }

    /// The names of the columns that are written: of an insert those that the server does not make, of a delete none.
    #[must_use]
    pub fn columns(&self) -> &[&'static str] {
        &self.columns
    }

    /// The primary key as text, its parts joined by a comma, if it is known and made of numbers, texts and UUIDs.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The object's handle, if it is one of `M`.
    #[must_use]
    pub fn handle<M: Model>(&self) -> Option<Handle<M>> {
        std::ptr::eq(self.table, M::table()).then(|| self.handle.typed())
    }
}

impl Session {
    /// What the next flush would write: each row once, in no order that means anything. Sends nothing.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # fn demo(session: &Session) -> orm_core::Result<()> {
    /// for change in session.changes()? {
    ///     println!("{} of {} ({})", change.kind(), change.model(), change.columns().join(", "));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of a flush that are known before anything is sent.
    pub fn changes(&self) -> Result<Vec<ObjectChange>> {
        let intents = intents(&self.inner)?;
        Ok(intents.into_iter().map(|(row, kind, columns)| self.change_of(row, kind, &columns)).collect())
    }

    fn change_of(&self, row: Row, kind: ChangeKind, columns: &[usize]) -> ObjectChange {
        let arena = &self.inner.arenas[row.arena];
        let table = arena.table();
        let mut dump = Dump::default();
        match kind {
            ChangeKind::Insert => arena.dump(row.slot, &mut dump),
            ChangeKind::Update | ChangeKind::Delete => arena.dump_stored(row.slot, &mut dump),
        }
        ObjectChange {
            table,
            handle: self.inner.handle_of(row),
            kind,
            columns: columns.iter().map(|&column| table.columns[column].name).collect(),
            key: key_text(table, &dump),
        }
    }

    /// The object of a handle as its row has it: without the changes that no flush has seen.
    ///
    /// # Errors
    ///
    /// [`Detached`](crate::ErrorKind::Detached) if the object is gone, [`Invalid`](crate::ErrorKind::Invalid) if it has no
    /// row.
    pub fn original<M: Model>(&self, handle: Handle<M>) -> Result<&M> {
        let row = self.inner.row(handle)?;
        let original = self.inner.arena::<M>().and_then(|arena| arena.original(row.slot));
        original.ok_or_else(|| {
            let model = M::table().model;
            Error::invalid(format!("the object of `{model}` has no row")).with_model(model)
        })
    }
}
