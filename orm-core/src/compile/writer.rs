//! [`Writer`]: the text under construction, its parameters, and the names of its sources.

use super::from::Definitions;
use super::{Compiled, ResultColumn};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{SourceRef, TableDef};
use crate::sql::{FromItem, IsTest, LinkRef, Node, is_no_table};
use crate::types::Value;

/// A statement under construction.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    sql: String,
    params: Vec<Value>,
    columns: Vec<ResultColumn>,
    /// The sources in scope, innermost last.
    names: Vec<Name>,
    /// Where the innermost query's sources begin.
    level: usize,
    /// Whether rows that are marked as deleted are among those of the query under construction.
    with_deleted: bool,
    /// Which of the sources in scope are tables that something else stands for, so that their schema is not written.
    derived: Vec<usize>,
    definitions: Definitions,
    error: Option<Error>,
    about: Option<&'static TableDef>,
}

#[derive(Debug)]
struct Name {
    of: Named,
    name: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Named {
    Source(SourceRef),
    Link(LinkRef),
    /// The end of a relationship that is read along, by its place among them.
    Eager(usize, &'static str),
}

impl Writer {
    /// A statement in which no common table expression is named like one of these tables.
    pub(super) fn apart_from(tables: Vec<&'static str>) -> Self {
        Self { definitions: Definitions::apart_from(tables), ..Self::default() }
    }

    /// Appends SQL. The only callers are the modules of this layer, with constants.
    pub(super) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Appends an identifier in double quotes.
    pub(super) fn ident(&mut self, name: &str) -> &mut Self {
        self.sql.push('"');
        for part in name.split_inclusive('"') {
            self.sql.push_str(part);
            if part.ends_with('"') {
                self.sql.push('"');
            }
        }
        self.sql.push('"');
        self
    }

    /// Appends a text in single quotes, for the few places of PostgreSQL's grammar that take no parameter.
    pub(super) fn literal(&mut self, text: &str) -> &mut Self {
        // With a backslash in it, the text is written as an escape string, which means the same whatever
        // `standard_conforming_strings` says.
        let escapes = text.contains('\\');
        self.sql.push_str(if escapes { "E'" } else { "'" });
        for c in text.chars() {
            if c == '\'' || (escapes && c == '\\') {
                self.sql.push(c);
            }
            self.sql.push(c);
        }
        self.sql.push('\'');
        self
    }

    /// Appends a placeholder and keeps its value.
    pub(super) fn param(&mut self, value: Value) -> &mut Self {
        use std::fmt::Write as _;
        if let Some(reason) = value.refusal() {
            self.fail(Error::new(ErrorKind::Encode, format!("a value cannot be sent: {reason}")));
        }
        self.params.push(value);
        // Writing to a `String` cannot fail.
        let _ = write!(self.sql, "${}", self.params.len());
        self
    }

    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        use std::fmt::Write as _;
        let _ = write!(self.sql, "{number}");
        self
    }

    /// Writes the items with `separator` between them.
    pub(super) fn separated<T>(
        &mut self,
        separator: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                self.push(separator);
            }
            write(self, item);
        }
        self
    }

    /// A table's name with its schema.
    pub(super) fn table(&mut self, table: &TableDef) -> &mut Self {
        if table.schema.is_none() {
            self.definitions.reads(table.name);
        }
        self.qualified(table.schema, table.name)
    }

    pub(super) fn qualified(&mut self, schema: Option<&str>, name: &str) -> &mut Self {
        if let Some(schema) = schema {
            self.ident(schema).push(".");
        }
        self.ident(name)
    }

    /// Opens the scope of a query; returns what [`leave`](Self::leave) needs.
    pub(super) fn enter(&mut self) -> usize {
        std::mem::replace(&mut self.level, self.names.len())
    }

    /// Closes the scope of a query.
    pub(super) fn leave(&mut self, outer: usize) {
        self.names.truncate(self.level);
        self.derived.retain(|&place| place < self.names.len());
        self.level = outer;
    }

    /// Lets rows that are marked as deleted in, if that is said here or further outside; returns what
    /// [`restore`](Self::restore) needs.
    pub(super) fn let_deleted_in(&mut self, with_deleted: bool) -> bool {
        let before = self.with_deleted;
        self.with_deleted |= with_deleted;
        before
    }

    /// Like [`let_deleted_in`](Self::let_deleted_in), whatever is said further outside.
    pub(super) fn set_deleted(&mut self, with_deleted: bool) -> bool {
        std::mem::replace(&mut self.with_deleted, with_deleted)
    }

    /// Ends what [`let_deleted_in`](Self::let_deleted_in) began.
    pub(super) fn restore(&mut self, before: bool) {
        self.with_deleted = before;
    }

    /// Whether rows that are marked as deleted are let in, where the statement has come to.
    pub(super) fn has_deleted(&self) -> bool {
        self.with_deleted
    }

    /// The condition that rows of an item are not marked as deleted, if that is to be asked.
    pub(super) fn is_live(&self, item: &FromItem) -> Option<Node> {
        let column = match item {
            FromItem::Source(source) => Node::column(*source, source.table().soft_delete_column()?),
            FromItem::Link(link) => Node::LinkColumn { link: *link, column: link.soft_delete? },
            // These have their conditions inside.
            FromItem::Subquery { .. } | FromItem::Rows { .. } | FromItem::Cte { .. } | FromItem::Itself { .. } => {
                return None;
            }
        };
        (!self.with_deleted).then(|| Node::Is { operand: Box::new(column), test: IsTest::Null })
    }

    /// Brings a source of the current query in scope and names it.
    pub(super) fn declare(&mut self, of: Named) {
        if self.names[self.level..].iter().any(|name| name.of == of) {
            self.fail(declared_twice(of));
            return;
        }
        let wanted = match of {
            Named::Source(SourceRef::Table(table)) => table.name,
            Named::Source(SourceRef::Alias { name, .. }) => name,
            Named::Link(link) => link.table,
            Named::Eager(_, name) => name,
        };
        let name = match of {
            // A table keeps its name, and an alias gives way to it, unless the alias was there before.
            Named::Source(SourceRef::Table(_)) if !self.is_alias(wanted) => wanted.to_owned(),
            _ => self.free_name(wanted),
        };
        self.names.push(Name { of, name });
    }

    /// Says of the source that was declared last that something else stands for its table.
    pub(super) fn is_derived(&mut self) {
        self.derived.extend(self.names.len().checked_sub(1));
    }

    /// The name of a source in scope.
    pub(super) fn name_of(&self, of: Named) -> Option<&str> {
        self.names.iter().rfind(|name| name.of == of).map(|name| name.name.as_str())
    }

    pub(super) fn definitions(&mut self) -> &mut Definitions {
        &mut self.definitions
    }

    /// Writes a text of its own, which sees none of the sources in scope.
    pub(super) fn apart(&mut self, write: impl FnOnce(&mut Self)) -> String {
        let sql = std::mem::take(&mut self.sql);
        let names = std::mem::take(&mut self.names);
        let derived = std::mem::take(&mut self.derived);
        let level = std::mem::take(&mut self.level);
        write(self);
        (self.names, self.derived, self.level) = (names, derived, level);
        std::mem::replace(&mut self.sql, sql)
    }

    /// Takes away what comes behind a place.
    pub(super) fn split_off(&mut self, at: usize) -> String {
        self.sql.split_off(at)
    }

    /// Says that the statement which gives the result begins here.
    pub(super) fn begin(&mut self) {
        self.definitions.begin(self.sql.len());
    }

    /// The tables of the statement, if a common table expression hides one of them.
    pub(super) fn hidden_tables(&self) -> Option<Vec<&'static str>> {
        self.definitions.hidden_tables()
    }

    fn is_alias(&self, name: &str) -> bool {
        self.names.iter().any(|other| other.name == name && !matches!(other.of, Named::Source(SourceRef::Table(_))))
    }

    /// Writes `AS` and the name of a table that has not its own.
    pub(super) fn renamed(&mut self, table: &'static TableDef) {
        let of = Named::Source(SourceRef::Table(table));
        if self.names.iter().rfind(|name| name.of == of).is_some_and(|name| name.name != table.name) {
            self.push(" AS ").qualifier(of);
        }
    }

    fn free_name(&self, wanted: &str) -> String {
        let taken = |candidate: &str| self.names.iter().any(|name| name.name == candidate);
        if !taken(wanted) {
            return wanted.to_owned();
        }
        let mut number = 1u32;
        loop {
            let candidate = format!("{wanted}_{number}");
            if !taken(&candidate) {
                return candidate;
            }
            number += 1;
        }
    }

    /// Writes what columns of the source are qualified by.
    pub(super) fn qualifier(&mut self, of: Named) -> &mut Self {
        let Some(found) = self.names.iter().rposition(|name| name.of == of) else {
            self.fail(not_in_scope(of));
            return self.push("?");
        };
        if let Named::Source(SourceRef::Table(table)) = of
            && self.names[found].name == table.name
            && !self.derived.contains(&found)
        {
            return self.qualified(table.schema, table.name);
        }
        let name = std::mem::take(&mut self.names[found].name);
        self.ident(&name);
        self.names[found].name = name;
        self
    }

    /// Writes the name by which a locking clause means a source: never with a schema.
    pub(super) fn lock_target(&mut self, source: SourceRef) {
        let of = Named::Source(source);
        match self.names.iter().rposition(|name| name.of == of) {
            Some(found) => {
                let name = self.names[found].name.clone();
                self.ident(&name);
            }
            None => self.fail(not_in_scope(of)),
        }
    }

    /// Records what a result column is expected to be.
    pub(super) fn expect(&mut self, column: ResultColumn) {
        self.columns.push(column);
    }

    /// How many columns the result has so far.
    pub(super) fn expected(&self) -> usize {
        self.columns.len()
    }

    /// Forgets what was expected beyond that.
    pub(super) fn expect_no_more_than(&mut self, columns: usize) {
        self.columns.truncate(columns);
    }

    /// Says which table the statement is about.
    pub(super) fn about(&mut self, table: &'static TableDef) {
        if !is_no_table(table) {
            self.about.get_or_insert(table);
        }
    }

    pub(super) fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    pub(super) fn finish(mut self) -> Result<Compiled> {
        let writes = self.definitions.write();
        self.hoist();
        match self.error {
            Some(error) => Err(error),
            None => {
                Ok(Compiled { sql: self.sql, params: self.params, columns: self.columns, table: self.about, writes })
            }
        }
    }

    pub(super) fn into_sql(mut self) -> String {
        self.hoist();
        self.sql
    }
}

fn declared_twice(of: Named) -> Error {
    let name = match of {
        Named::Source(SourceRef::Table(table)) => table.display_name(),
        Named::Source(SourceRef::Alias { name, .. }) => name.to_owned(),
        Named::Link(link) => link.table.to_owned(),
        Named::Eager(_, name) => name.to_owned(),
    };
    Error::new(
        ErrorKind::Invalid,
        format!(
            "`{name}` is in the query already: join an alias of it, `aliased!(let other = …)` and `.join_as(relation, &other)`"
        ),
    )
}

fn not_in_scope(of: Named) -> Error {
    let name = match of {
        Named::Source(source) => source.table().model,
        Named::Link(link) => link.table,
        Named::Eager(_, name) => name,
    };
    Error::new(ErrorKind::Invalid, format!("`{name}` is not in this query's FROM clause"))
}
