//! [`Writer`]: the text under construction, its parameters, and the names of its sources.

use std::borrow::Cow;
use std::cell::Cell;

use super::from::Definitions;
use super::{Compiled, Matching, ResultColumn};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{ColumnDef, SourceRef, TableDef};
use crate::sql::{Filters, FromItem, IsTest, LinkRef, Node, is_no_table};
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
    /// The conditions that are part of every query over a model, and the names of those that are not, here.
    filters: Filters,
    unfiltered: Vec<Cow<'static, str>>,
    /// The numbers of the filters whose conditions are under construction: a table that one of them reads is read without it.
    asked: Vec<usize>,
    spelling: Spelling,
    /// Values that are one parameter wherever the query under construction has them, with its number once it has one.
    shared: Vec<(Value, Option<usize>)>,
    /// The windows that the query under construction names.
    windows: Vec<&'static str>,
    /// Which of the sources in scope are tables that something else stands for, so that their schema is not written.
    derived: Vec<usize>,
    definitions: Definitions,
    error: Option<Error>,
    about: Option<&'static TableDef>,
    requires: Vec<Compiled>,
    tells_count: bool,
}

/// Which filters are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LeftOut {
    unfiltered: Vec<Cow<'static, str>>,
    asked: Vec<usize>,
}

/// How columns and values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Spelling {
    /// Columns with their source, values as parameters.
    #[default]
    Usual,
    /// Values as literals, where PostgreSQL takes no parameters.
    Literal,
    /// Values as literals, and columns without their source.
    Bare,
}

#[derive(Debug, Clone)]
struct Name {
    of: Named,
    name: Cow<'static, str>,
    /// Whether it is the table's own, which may stand behind its schema.
    is_own: bool,
}

/// What most statements need no more than.
const USUAL_LENGTH: usize = 512;
const USUAL_COLUMNS: usize = 16;
const USUAL_NAMES: usize = 16;
const USUAL_PARAMS: usize = 4;

thread_local! {
    /// The list of names of a thread, empty, from statement to statement: it needs its memory once. It is taken out
    /// meanwhile, because a statement may be made within another.
    static NAMES: Cell<Vec<Name>> = Cell::default();
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Named {
    Source(SourceRef),
    Link(LinkRef),
    /// The end of a relationship that is read along, by its place among them.
    Eager(usize, &'static str),
}

impl Writer {
    /// One for a whole statement: with room for one of the usual length.
    pub(super) fn new(filters: &Filters) -> Self {
        Self {
            filters: filters.clone(),
            sql: String::with_capacity(USUAL_LENGTH),
            columns: Vec::with_capacity(USUAL_COLUMNS),
            names: NAMES.try_with(Cell::take).unwrap_or_default(),
            params: Vec::with_capacity(USUAL_PARAMS),
            ..Self::default()
        }
    }

    /// A statement in which no common table expression is named like one of these tables.
    pub(super) fn apart_from(tables: Vec<&'static str>, filters: &Filters) -> Self {
        Self { definitions: Definitions::apart_from(tables), ..Self::new(filters) }
    }

    /// Appends SQL. The only callers are the modules of this layer, with constants.
    #[inline]
    pub(super) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Appends an identifier in double quotes.
    pub(super) fn ident(&mut self, name: &str) -> &mut Self {
        if name.as_bytes().contains(&b'"') {
            return self.ident_with_quotes(name);
        }
        self.sql.reserve(name.len() + 2);
        self.sql.push('"');
        self.sql.push_str(name);
        self.sql.push('"');
        self
    }

    /// One within the name is written twice.
    #[cold]
    fn ident_with_quotes(&mut self, name: &str) -> &mut Self {
        self.sql.push('"');
        self.sql.extend(name.split_inclusive('"').flat_map(|part| [part, if part.ends_with('"') { "\"" } else { "" }]));
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
        if self.spelling != Spelling::Usual {
            self.spelled(&value);
            return self;
        }
        let shared = self.shared.iter().position(|(other, _)| other.is_same(&value));
        let number = shared.and_then(|place| self.shared[place].1).unwrap_or_else(|| {
            self.params.push(value);
            self.params.len()
        });
        if let Some(place) = shared {
            self.shared[place].1 = Some(number);
        }
        self.placeholder(number)
    }

    /// Appends the placeholder of a value that was kept before.
    pub(super) fn placeholder(&mut self, number: usize) -> &mut Self {
        self.push("$").number(number as u64)
    }

    /// Makes these values one parameter each, besides those that are so already; gives how many these are.
    pub(super) fn share(&mut self, values: impl IntoIterator<Item = Value>) -> usize {
        let before = self.shared.len();
        self.shared.extend(values.into_iter().map(|value| (value, None)));
        before
    }

    /// Ends what [`share`](Self::share) began.
    pub(super) fn unshare(&mut self, before: usize) {
        self.shared.truncate(before);
    }

    /// The values of what would be written here.
    pub(super) fn params_of(&self, write: impl FnOnce(&mut Self)) -> Vec<Value> {
        let mut draft = Self {
            names: self.names.clone(),
            level: self.level,
            with_deleted: self.with_deleted,
            filters: self.filters.clone(),
            unfiltered: self.unfiltered.clone(),
            asked: self.asked.clone(),
            windows: self.windows.clone(),
            ..Self::default()
        };
        write(&mut draft);
        draft.params
    }

    /// Says which windows the query under construction names; gives those of the query around it.
    pub(super) fn name_windows(&mut self, names: Vec<&'static str>) -> Vec<&'static str> {
        std::mem::replace(&mut self.windows, names)
    }

    /// Writes the name of a window, which the query must have.
    pub(super) fn window_name(&mut self, name: &'static str) {
        if !self.windows.contains(&name) {
            self.fail(Error::new(
                ErrorKind::Invalid,
                format!("the query has no window `{name}`: name it by `.window(\"{name}\", window())`"),
            ));
        }
        self.ident(name);
    }

    /// How many values were kept.
    pub(super) fn params(&self) -> usize {
        self.params.len()
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

    /// Lets rows in that are marked as deleted, or that the filters of these names leave out, if that is said here or
    /// further outside; returns what [`restore`](Self::restore) needs.
    pub(super) fn let_in(&mut self, with_deleted: bool, unfiltered: &[Cow<'static, str>]) -> (bool, usize) {
        let before = (self.with_deleted, self.unfiltered.len());
        self.with_deleted |= with_deleted;
        self.unfiltered.extend_from_slice(unfiltered);
        before
    }

    /// Lets rows in that are marked as deleted, or not, whatever is said further outside; gives what was said before.
    pub(super) fn set_deleted(&mut self, with_deleted: bool) -> bool {
        std::mem::replace(&mut self.with_deleted, with_deleted)
    }

    /// Ends what [`let_in`](Self::let_in) began.
    pub(super) fn restore(&mut self, (with_deleted, unfiltered): (bool, usize)) {
        self.with_deleted = with_deleted;
        self.unfiltered.truncate(unfiltered);
    }

    /// Whether rows that are marked as deleted are let in, where the statement has come to.
    pub(super) fn has_deleted(&self) -> bool {
        self.with_deleted
    }

    /// What is asked of the rows of an item without being said: that they are not marked as deleted, unless these are
    /// let in, and the filters.
    pub(super) fn implied(&self, item: &FromItem, with_deleted: bool) -> Option<Node> {
        let is_live = if with_deleted { None } else { self.is_live(item) };
        let (source, link) = match item {
            FromItem::Source(source) => (*source, None),
            FromItem::Link(link) => match link.model {
                Some(model) => (model, Some(link)),
                None => return is_live,
            },
            // What is no table has its conditions inside.
            _ => return is_live,
        };
        if self.filters.is_empty() {
            return is_live;
        }
        let filters = self.filters_of(source.table()).into_iter().map(|(filter, node)| Node::Over {
            source,
            link: link.map(|link| Box::new(*link)),
            node: Box::new(node),
            filter,
        });
        is_live.into_iter().chain(filters).reduce(Node::and)
    }

    /// The condition that rows of an item are not marked as deleted, if that is to be asked.
    fn is_live(&self, item: &FromItem) -> Option<Node> {
        let column = match item {
            FromItem::Source(source) => Node::column(*source, source.table().soft_delete_column()?),
            FromItem::Link(link) => {
                let column = link.model?.table().soft_delete_column()?.name;
                Node::LinkColumn { link: Box::new(*link), column }
            }
            // These have their conditions inside.
            FromItem::Subquery { .. }
            | FromItem::Raw { .. }
            | FromItem::Rows { .. }
            | FromItem::Cte { .. }
            | FromItem::Itself { .. } => return None,
        };
        (!self.with_deleted).then(|| Node::Is { operand: Box::new(column), test: IsTest::Null })
    }

    /// The filters over a table, with their numbers.
    pub(super) fn filters_of(&self, table: &TableDef) -> Vec<(usize, Node)> {
        let filters = self.filters.of(table, &self.unfiltered).filter(|(number, _)| !self.asked.contains(number));
        filters.map(|(number, node)| (number, node.clone())).collect()
    }

    /// What decides which filters are left out here.
    pub(super) fn left_out(&self) -> LeftOut {
        if self.filters.is_empty() {
            return LeftOut::default();
        }
        LeftOut { unfiltered: self.unfiltered.clone(), asked: self.asked.clone() }
    }

    /// Leaves out what is said to be; gives what was left out before.
    pub(super) fn leave_out(&mut self, left_out: LeftOut) -> LeftOut {
        let LeftOut { unfiltered, asked } = left_out;
        LeftOut {
            unfiltered: std::mem::replace(&mut self.unfiltered, unfiltered),
            asked: std::mem::replace(&mut self.asked, asked),
        }
    }

    /// Writes a filter over a table, in which the table is what `of` names.
    pub(super) fn over(&mut self, of: Named, table: &'static TableDef, node: &Node, filter: usize) {
        let Some(found) = self.find(of) else {
            return self.fail(not_in_scope(of));
        };
        let (name, is_own) = (found.name.clone(), found.is_own);
        self.names.push(Name { of: Named::Source(SourceRef::Table(table)), name, is_own });
        self.asked.push(filter);
        // It stands among conditions, which are joined with AND.
        if matches!(node, Node::Any(any) if any.len() > 1) {
            self.push("(").node(node);
            self.push(")");
        } else {
            self.node(node);
        }
        self.asked.pop();
        self.names.pop();
    }

    /// Brings a source of the current query in scope and names it.
    pub(super) fn declare(&mut self, of: Named) {
        if self.names[self.level..].iter().any(|name| name.of == of) {
            self.fail(declared_twice(of));
            return;
        }
        let wanted = match of {
            Named::Source(SourceRef::Table(table)) => table.name,
            Named::Source(SourceRef::Alias { name, .. }) => cut(name, LONGEST_NAME),
            Named::Link(link) => link.table,
            Named::Eager(_, name) => cut(name, LONGEST_NAME),
        };
        let name = match of {
            // A table keeps its name, and an alias gives way to it, unless the alias was there before, or a table of that name
            // in another schema.
            Named::Source(SourceRef::Table(_)) if !self.is_alias(wanted) && !self.is_here(wanted) => {
                Cow::Borrowed(wanted)
            }
            _ => self.free_name(wanted),
        };
        let is_own = matches!(of, Named::Source(SourceRef::Table(_))) && name == wanted;
        self.names.push(Name { of, name, is_own });
    }

    /// Says of the source that was declared last that something else stands for its table.
    pub(super) fn is_derived(&mut self) {
        self.derived.extend(self.names.len().checked_sub(1));
    }

    /// Where the innermost source of this kind stands among the names.
    #[inline]
    fn place_of(&self, of: Named) -> Option<usize> {
        match of {
            Named::Source(SourceRef::Table(table)) => self.names.iter().rposition(
                |name| matches!(name.of, Named::Source(SourceRef::Table(other)) if table.is_same_table(other)),
            ),
            _ => self.names.iter().rposition(|name| name.of == of),
        }
    }

    fn find(&self, of: Named) -> Option<&Name> {
        self.place_of(of).map(|place| &self.names[place])
    }

    /// The name of a source in scope.
    pub(super) fn name_of(&self, of: Named) -> Option<&str> {
        self.find(of).map(|name| &*name.name)
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

    fn is_here(&self, name: &str) -> bool {
        self.names[self.level..].iter().any(|other| other.name == name)
    }

    /// Writes `AS` and the name of a table that has not its own.
    pub(super) fn renamed(&mut self, table: &'static TableDef) {
        let of = Named::Source(SourceRef::Table(table));
        if self.find(of).is_some_and(|name| !name.is_own) {
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
            let candidate = numbered(wanted, number);
            if !taken(&candidate) {
                return Cow::Owned(candidate);
            }
            number += 1;
        }
    }

    /// Writes what columns of the source are qualified by.
    pub(super) fn qualifier(&mut self, of: Named) -> &mut Self {
        let Some(found) = self.place_of(of) else {
            self.fail(not_in_scope(of));
            return self.push("?");
        };
        if let Named::Source(SourceRef::Table(table)) = of
            && self.names[found].is_own
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
        match self.place_of(of) {
            Some(found) => {
                let name = self.names[found].name.clone();
                self.ident(&name);
            }
            None => self.fail(not_in_scope(of)),
        }
    }

    /// Writes columns and values that way from here on; returns how they were written before.
    pub(super) fn spell(&mut self, spelling: Spelling) -> Spelling {
        std::mem::replace(&mut self.spelling, spelling)
    }

    pub(super) fn spelling(&self) -> Spelling {
        self.spelling
    }

    /// Whether a source is in scope as a table under its own name.
    pub(super) fn is_by_its_own_name(&self, of: Named) -> bool {
        self.find(of).is_some_and(|name| name.is_own)
    }

    /// Records that the one value of the result is the number of rows that were written.
    pub(super) fn tell_count(&mut self) {
        self.tells_count = true;
    }

    /// Records what several result columns are expected to be.
    pub(super) fn expect_all(&mut self, columns: impl Iterator<Item = ResultColumn>) {
        self.columns.extend(columns);
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

    /// Has a statement inside this one compared with what is expected of it.
    pub(super) fn require(&mut self, compiled: Compiled) {
        self.requires.push(compiled);
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
        let writes = self.definitions.write();
        self.hoist();
        if self.names.capacity() <= USUAL_NAMES {
            self.names.clear();
            let _ = NAMES.try_with(|kept| kept.set(std::mem::take(&mut self.names)));
        }
        match self.error {
            Some(error) => Err(error),
            None => {
                let Self { sql, params, columns, sensitive, about: table, requires, tells_count, .. } = self;
                let matching = Matching::Order;
                Ok(Compiled { sql, params, columns, sensitive, table, matching, requires, writes, tells_count })
            }
        }
    }

    pub(super) fn into_sql(mut self) -> String {
        self.hoist();
        self.sql
    }
}

/// How many bytes of a name the server takes. What is behind is cut off, so that two names may be one.
const LONGEST_NAME: usize = 63;

/// The name with a number behind it.
pub(super) fn numbered(name: &str, number: u32) -> String {
    let suffix = format!("_{number}");
    format!("{}{suffix}", cut(name, LONGEST_NAME - suffix.len()))
}

/// The name as the server takes it.
pub(super) fn usual(name: &str) -> &str {
    cut(name, LONGEST_NAME)
}

fn cut(name: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(name.len())).rev().find(|&end| name.is_char_boundary(end));
    end.and_then(|end| name.get(..end)).unwrap_or(name)
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
