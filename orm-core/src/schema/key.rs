//! Foreign keys as data.

use super::table::TableDef;

/// What the server does with the rows that point to one that is deleted, or whose key changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForeignKeyAction {
    /// Nothing: the statement fails, at its end.
    #[default]
    NoAction,
    /// The statement fails at once.
    Restrict,
    /// They go, or change, too.
    Cascade,
    /// Their key becomes NULL.
    SetNull,
    /// Their key becomes the column's default.
    SetDefault,
}

/// When a foreign key is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deferrable {
    /// After each statement.
    #[default]
    No,
    /// After each statement, unless the transaction defers it.
    Immediate,
    /// At the end of the transaction.
    Deferred,
}

/// `FOREIGN KEY (…) REFERENCES …`.
#[derive(Debug, Clone, Copy)]
pub struct ForeignKeyDef {
    /// The columns' names in this table.
    pub columns: &'static [&'static str],
    /// The table that is pointed to.
    pub target: fn() -> &'static TableDef,
    /// The columns' names there, in the same order.
    pub target_columns: &'static [&'static str],
    /// `ON DELETE`.
    pub on_delete: ForeignKeyAction,
    /// `ON UPDATE`.
    pub on_update: ForeignKeyAction,
    /// `DEFERRABLE`.
    pub deferrable: Deferrable,
    /// Whether the columns get an index of their own.
    pub indexed: bool,
}

impl ForeignKeyDef {
    /// A foreign key over `columns` that points to `target_columns` of the table of `target`.
    #[must_use]
    pub const fn new(
        columns: &'static [&'static str],
        target: fn() -> &'static TableDef,
        target_columns: &'static [&'static str],
    ) -> Self {
        Self {
            columns,
            target,
            target_columns,
            on_delete: ForeignKeyAction::NoAction,
            on_update: ForeignKeyAction::NoAction,
            deferrable: Deferrable::No,
            indexed: true,
        }
    }

    /// `ON DELETE`.
    #[must_use]
    pub const fn on_delete(mut self, action: ForeignKeyAction) -> Self {
        self.on_delete = action;
        self
    }

    /// `ON UPDATE`.
    #[must_use]
    pub const fn on_update(mut self, action: ForeignKeyAction) -> Self {
        self.on_update = action;
        self
    }

    /// `DEFERRABLE`.
    #[must_use]
    pub const fn deferrable(mut self, when: Deferrable) -> Self {
        self.deferrable = when;
        self
    }

    /// Leaves out the index that foreign-key columns get otherwise.
    #[must_use]
    pub const fn not_indexed(mut self) -> Self {
        self.indexed = false;
        self
    }
}
