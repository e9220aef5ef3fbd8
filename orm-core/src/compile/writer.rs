//! [`Writer`]: the text under construction, its parameters, and the names of its sources.

use std::borrow::Cow;

use super::{Compiled, ResultColumn};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{ColumnDef, SourceRef, TableDef};
use crate::sql::{FromItem, IsTest, LinkRef, Node};
use crate::types::Value;

/// A statement under construction.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    sql: String,
    params: Vec<Value>,
    columns: Vec<ResultColumn>,
    /// Which parameters belong to sensitive columns, by position.
    sensitive: Vec<usize>,
    /// Whether a sensitive column was named in the part under construction.
    names_sensitive: bool,
    /// The sources in scope, innermost last.
    names: Vec<Name>,
    /// Where the innermost query's sources begin.
    level: usize,
    /// Whether rows that are marked as deleted are among those of the query under construction.
    with_deleted: bool,
    error: Option<Error>,
    about: Option<&'static TableDef>,
}

#[derive(Debug)]
struct Name {
    of: Named,
    name: Cow<'static, str>,
    /// Whether it is the table's own, which may stand behind its schema.
    is_own: bool,
}

/// What most statements need no more than.
const USUAL_LENGTH: usize = 512;
const USUAL_COLUMNS: usize = 16;
const USUAL_NAMES: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Named {
    Source(SourceRef),
    Link(LinkRef),
    /// The end of a relationship that is read along, by its place among them.
    Eager(usize, &'static str),
}

impl Writer {
    /// One for a whole statement: with room for one of the usual length.
    pub(super) fn new() -> Self {
        Self {
            sql: String::with_capacity(USUAL_LENGTH),
            columns: Vec::with_capacity(USUAL_COLUMNS),
            names: Vec::with_capacity(USUAL_NAMES),
            ..Self::default()
        }
    }

    /// Appends SQL. The only callers are the modules of this layer, with constants.
    #[inline]
    pub(super) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Appends an identifier in double quotes.
    pub(super) fn ident(&mut self, name: &str) -> &mut Self {
        self.sql.reserve(name.len() + 2);
        self.sql.push('"');
        if name.as_bytes().contains(&b'"') {
            // One within the name is written twice.
            self.sql
                .extend(name.split_inclusive('"').flat_map(|part| [part, if part.ends_with('"') { "\"" } else { "" }]));
        } else {
            self.sql.push_str(name);
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
        if let Some(reason) = value.refusal() {
            self.fail(Error::new(ErrorKind::Encode, format!("a value cannot be sent: {reason}")));
        }
        self.params.push(value);
        let number = self.params.len() as u64;
        self.push("$").number(number)
    }

    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        if number >= 10 {
            self.number(number / 10);
        }
        self.sql.push(char::from(b'0' + (number % 10) as u8));
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
        self.level = outer;
    }

    /// Lets rows that are marked as deleted in, if that is said here or further outside; returns what
    /// [`restore`](Self::restore) needs.
    pub(super) fn let_deleted_in(&mut self, with_deleted: bool) -> bool {
        let before = self.with_deleted;
        self.with_deleted |= with_deleted;
        before
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
            // It has its conditions inside.
            FromItem::Subquery { .. } => return None,
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
            Named::Source(SourceRef::Table(_)) if !self.is_alias(wanted) => Cow::Borrowed(wanted),
            _ => self.free_name(wanted),
        };
        let is_own = matches!(of, Named::Source(SourceRef::Table(_))) && name == wanted;
        self.names.push(Name { of, name, is_own });
    }

    fn is_alias(&self, name: &str) -> bool {
        self.names.iter().any(|other| other.name == name && !matches!(other.of, Named::Source(SourceRef::Table(_))))
    }

    /// Writes `AS` and the name of a table that has not its own.
    pub(super) fn renamed(&mut self, table: &'static TableDef) {
        let of = Named::Source(SourceRef::Table(table));
        if self.names.iter().rfind(|name| name.of == of).is_some_and(|name| !name.is_own) {
            self.push(" AS ").qualifier(of);
        }
    }

    fn free_name(&self, wanted: &'static str) -> Cow<'static, str> {
        let taken = |candidate: &str| self.names.iter().any(|name| name.name == candidate);
        if !taken(wanted) {
            return Cow::Borrowed(wanted);
        }
        let mut number = 1u32;
        loop {
            let candidate = format!("{wanted}_{number}");
            if !taken(&candidate) {
                return Cow::Owned(candidate);
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
            && self.names[found].is_own
        {
            return self.table(table);
        }
        let name = std::mem::take(&mut self.names[found].name);
        self.ident(&name);
        self.names[found].name = name;
        self
    }

    /// Whether a source is in scope as a table under its own name.
    pub(super) fn is_by_its_own_name(&self, of: Named) -> bool {
        self.names.iter().rfind(|name| name.of == of).is_some_and(|name| name.is_own)
    }

    /// Records what several result columns are expected to be.
    pub(super) fn expect_all(&mut self, columns: impl Iterator<Item = ResultColumn>) {
        self.columns.extend(columns);
    }

    /// Records what a result column is expected to be.
    pub(super) fn expect(&mut self, column: ResultColumn) {
        self.columns.push(column);
    }

    /// Says which table the statement is about.
    pub(super) fn about(&mut self, table: &'static TableDef) {
        self.about.get_or_insert(table);
    }

    pub(super) fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    /// Writes a part of a statement (a condition, an assignment, an item of a list) whose values are told from those of
    /// the other parts: if it names a sensitive column, all of its values are kept out of logs. Returns whether it does.
    pub(super) fn part(&mut self, write: impl FnOnce(&mut Self)) -> bool {
        let first = self.params.len();
        let around = std::mem::take(&mut self.names_sensitive);
        write(self);
        let named = std::mem::replace(&mut self.names_sensitive, around);
        if named {
            self.mark_sensitive(first);
        }
        named
    }

    /// Says that a column was named, beside values that may be its own.
    pub(super) fn names(&mut self, column: &ColumnDef) {
        self.names_sensitive |= column.sensitive;
    }

    /// Says that what a part named is met by the part around it too.
    pub(super) fn part_goes_on(&mut self) {
        self.names_sensitive = true;
    }

    fn mark_sensitive(&mut self, first: usize) {
        for position in first..self.params.len() {
            if !self.sensitive.contains(&position) {
                self.sensitive.push(position);
            }
        }
    }

    pub(super) fn finish(mut self) -> Result<Compiled> {
        if self.names_sensitive {
            self.mark_sensitive(0);
        }
        match self.error {
            Some(error) => Err(error),
            None => {
                let Self { sql, params, columns, sensitive, about: table, .. } = self;
                Ok(Compiled { sql, params, columns, sensitive, table })
            }
        }
    }

    pub(super) fn into_sql(self) -> String {
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
