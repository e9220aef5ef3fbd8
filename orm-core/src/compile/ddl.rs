//! `CREATE` and `DROP` to text, and the names of constraints and indexes.

use std::fmt::Write as _;

use super::view;
use super::writer::Writer;
use crate::schema::{
    BareLink, CheckDef, ColumnDef, Deferrable, ForeignKeyAction, ForeignKeyDef, Identity, IndexDef, Metadata, TableDef,
};
use crate::types::{CompositeDef, EnumDef};

/// Held while tables are created or dropped, so that two processes do not do so at once. The number is this crate's own.
pub(crate) const ADVISORY_LOCK: &str = "SELECT pg_advisory_xact_lock(7305430984523571711)";

/// Whether an enum type is there: `CREATE TYPE` has no IF NOT EXISTS.
const TYPE_EXISTS: &str = "SELECT to_regtype($1) IS NOT NULL";

/// Whether a column uses an enum type, or an array of it: such a type cannot be dropped.
const TYPE_IS_USED: &str = "SELECT EXISTS (SELECT 1 FROM pg_type AS t JOIN pg_attribute AS a ON a.atttypid IN (t.oid, t.typarray) WHERE t.oid = to_regtype($1) AND NOT a.attisdropped)";

const CONSTRAINT_EXISTS: &str =
    "SELECT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = to_regclass($1) AND conname = $2)";

/// A statement of DDL.
#[derive(Debug, Clone)]
pub(crate) struct DdlStatement {
    pub(crate) sql: String,
    /// A query with its parameters: where it says true, the statement is left out.
    pub(crate) unless: Option<(&'static str, Vec<String>)>,
}

impl From<Writer> for DdlStatement {
    fn from(writer: Writer) -> Self {
        Self { sql: writer.into_sql(), unless: None }
    }
}

/// The longest name that PostgreSQL keeps, in bytes.
const NAME_LIMIT: usize = 63;

/// An identifier, or two joined by a dot, in quotes.
fn quoted(schema: Option<&str>, name: &str) -> String {
    let mut w = Writer::default();
    w.qualified(schema, name);
    w.into_sql()
}

fn create_schema(name: &str) -> DdlStatement {
    let mut w = Writer::default();
    w.push("CREATE SCHEMA IF NOT EXISTS ").ident(name);
    w.into()
}

fn create_enum(def: &EnumDef) -> DdlStatement {
    let mut w = Writer::default();
    w.push("CREATE TYPE ").qualified(def.schema, def.name).push(" AS ENUM (");
    w.separated(", ", def.labels, |w, label| {
        w.literal(label);
    });
    w.push(")");
    DdlStatement { sql: w.into_sql(), unless: Some((TYPE_EXISTS, vec![quoted(def.schema, def.name)])) }
}

fn create_composite(def: &CompositeDef) -> DdlStatement {
    let mut w = Writer::default();
    w.push("CREATE TYPE ").qualified(def.schema, def.name).push(" AS (");
    w.separated(", ", def.members, |w, member| {
        w.ident(member.name).push(" ");
        write_type(w, member.ty);
    });
    w.push(")");
    DdlStatement { sql: w.into_sql(), unless: Some((TYPE_EXISTS, vec![quoted(def.schema, def.name)])) }
}

fn drop_type(schema: Option<&str>, name: &str) -> DdlStatement {
    let mut w = Writer::default();
    w.push("DROP TYPE IF EXISTS ").qualified(schema, name);
    DdlStatement { sql: w.into_sql(), unless: Some((TYPE_IS_USED, vec![quoted(schema, name)])) }
}

/// The SQL type of a column for a cast: without length, so that nothing is cut.
pub(super) fn write_column_type(w: &mut Writer, column: &ColumnDef) {
    match column.base_type() {
        Some(sql) => {
            w.push(&sql);
        }
        None => write_type(w, column.ty),
    }
}

pub(super) fn write_type(w: &mut Writer, ty: &crate::types::TypeDef) {
    match (ty.enum_def(), ty.composite_def()) {
        (Some(def), _) => w.qualified(def.schema, def.name),
        (_, Some(def)) => w.qualified(def.schema, def.name),
        (None, None) => w.push(ty.ddl_name()),
    };
    if ty.element().is_some() {
        w.push("[]");
    }
}

/// The statements that create everything, in the order in which they can run: schemas, enum types, tables, the foreign
/// keys that close a cycle, indexes, comments, views.
pub(crate) fn create_statements(metadata: &Metadata) -> Vec<DdlStatement> {
    let (tables, views) = tables_and_views(metadata);
    let links = metadata.links();
    let mut taken = Taken::by(metadata.tables(), &links);
    let mut statements: Vec<DdlStatement> = Vec::new();
    statements.extend(metadata.schemas().into_iter().map(create_schema));
    statements.extend(metadata.enums().into_iter().map(create_enum));
    statements.extend(metadata.composites().into_iter().map(create_composite));
    for (i, table) in tables.iter().enumerate() {
        statements.push(create_table(table, &tables[i..], &mut taken));
    }
    statements.extend(links.iter().map(|link| create_link_table(link, &mut taken)));
    for (i, table) in tables.iter().enumerate() {
        statements.extend(late_keys(table, &tables[i..]).map(|key| add_foreign_key(table, key)));
    }
    for table in &tables {
        create_indexes(table, &mut taken, &mut statements);
    }
    statements.extend(links.iter().map(|link| create_link_index(link, &mut taken)));
    for table in &tables {
        comments(table, &mut statements);
    }
    for table in views {
        if let Some(create) = view::create_view(table) {
            statements.push(create);
            statements.extend(table.indexes.iter().map(|index| create_index(table, index, &mut taken)));
            comments(table, &mut statements);
        }
    }
    statements
}

fn tables_and_views(metadata: &Metadata) -> (Vec<&'static TableDef>, Vec<&'static TableDef>) {
    metadata.tables().iter().copied().partition(|table| table.view.is_none())
}

/// The statements that drop what [`create_statements`] creates, but the schemas: those that point before those that are
/// pointed to.
pub(crate) fn drop_statements(metadata: &Metadata) -> Vec<DdlStatement> {
    let (tables, views) = tables_and_views(metadata);
    let mut statements: Vec<DdlStatement> = views.into_iter().rev().filter_map(view::drop_view).collect();
    for (i, table) in tables.iter().enumerate() {
        for key in late_keys(table, &tables[i..]) {
            let mut w = Writer::default();
            w.push("ALTER TABLE IF EXISTS ").table(table).push(" DROP CONSTRAINT IF EXISTS ");
            w.ident(&foreign_key_name(table, key));
            statements.push(w.into());
        }
    }
    let links = metadata.links();
    let names = links.iter().map(|link| (link.schema, link.table));
    for (schema, name) in names.chain(tables.iter().rev().map(|table| (table.schema, table.name))) {
        let mut w = Writer::default();
        w.push("DROP TABLE IF EXISTS ").qualified(schema, name);
        statements.push(w.into());
    }
    statements.extend(metadata.composites().into_iter().rev().map(|def| drop_type(def.schema, def.name)));
    statements.extend(metadata.enums().into_iter().map(|def| drop_type(def.schema, def.name)));
    statements
}

/// The names of relations that are taken: tables, indexes and the indexes of constraints share one space in a schema.
#[derive(Debug, Default)]
struct Taken(Vec<(Option<&'static str>, String)>);

impl Taken {
    /// The names that are given, which generated ones must not meet.
    fn by(tables: &[&'static TableDef], links: &[BareLink]) -> Self {
        let mut names: Vec<(Option<&'static str>, String)> = Vec::new();
        for table in tables {
            let uniques = table.uniques.iter().filter_map(|unique| unique.name);
            let given = uniques.chain(table.indexes.iter().filter_map(|index| index.name));
            names.extend(std::iter::once(table.name).chain(given).map(|name| (table.schema, name.to_owned())));
        }
        names.extend(links.iter().map(|link| (link.schema, link.table.to_owned())));
        Self(names)
    }

    /// The name, or where it is taken one with a number behind it, as PostgreSQL does.
    fn claim(&mut self, schema: Option<&'static str>, parts: &[&str], suffix: &str) -> String {
        let name =
            free_name(parts, suffix, |name| self.0.iter().any(|(other, taken)| *other == schema && taken == name));
        self.0.push((schema, name.clone()));
        name
    }

    fn over(&mut self, table: &TableDef, columns: &[&str], name: Option<&str>, suffix: &str) -> String {
        match name {
            Some(name) => name.to_owned(),
            None => self.claim(table.schema, &parts(table, columns.iter().copied()), suffix),
        }
    }
}

/// What the name of a constraint or index is made of.
fn parts<'a>(table: &TableDef, columns: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    std::iter::once(table.name).chain(columns).collect()
}

/// The generated name, with the lowest number behind it that makes it differ from those that are taken.
fn free_name(parts: &[&str], suffix: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut name = generated_name(parts, suffix);
    let mut number = 1u32;
    while is_taken(&name) {
        name = generated_name(parts, &format!("{suffix}{number}"));
        number += 1;
    }
    name
}

/// The foreign keys of a table whose target is created after it: `rest` begins with the table itself.
fn late_keys(table: &'static TableDef, rest: &[&'static TableDef]) -> impl Iterator<Item = &'static ForeignKeyDef> {
    let later: Vec<&'static TableDef> = rest[1..].to_vec();
    table.foreign_keys.iter().filter(move |key| {
        let target = (key.target)();
        later.iter().any(|other| other.is_same_table(target))
    })
}

fn create_table(table: &'static TableDef, rest: &[&'static TableDef], taken: &mut Taken) -> DdlStatement {
    let mut w = Writer::default();
    w.push("CREATE TABLE IF NOT EXISTS ").table(table).push(" (");
    w.separated(", ", table.columns, column_definition);
    if !table.primary_key.is_empty() {
        w.push(", CONSTRAINT ").ident(&taken.over(table, &[], None, "pkey")).push(" PRIMARY KEY (");
        names(&mut w, table.key_names);
        w.push(")");
    }
    for unique in table.uniques {
        w.push(", CONSTRAINT ").ident(&taken.over(table, unique.columns, unique.name, "key")).push(" UNIQUE (");
        names(&mut w, unique.columns);
        w.push(")");
    }
    let mut checks = given_names(table);
    for check in table.checks {
        w.push(", CONSTRAINT ")
            .ident(&check_name(table, check, &mut checks))
            .push(" CHECK (")
            .push(check.sql)
            .push(")");
    }
    let late: Vec<&ForeignKeyDef> = late_keys(table, rest).collect();
    for key in table.foreign_keys {
        if !late.iter().any(|other| std::ptr::eq(*other, key)) {
            w.push(", ");
            foreign_key(&mut w, table, key);
        }
    }
    w.push(")");
    w.into()
}

fn column_definition(w: &mut Writer, column: &ColumnDef) {
    w.ident(column.name).push(" ");
    declared_type(w, column);
    if let Some(expression) = column.generated {
        w.push(" GENERATED ALWAYS AS (").push(expression).push(") STORED");
    }
    if !column.nullable && column.generated.is_none() {
        w.push(" NOT NULL");
    }
    if let Some(default) = column.default {
        w.push(" DEFAULT ").push(default);
    }
    if column.identity == Identity::ByDefault {
        w.push(" GENERATED BY DEFAULT AS IDENTITY");
    }
}

fn declared_type(w: &mut Writer, column: &ColumnDef) {
    match (column.sql_type, column.length) {
        (Some(sql), _) => {
            w.push(sql);
        }
        (None, Some(length)) => {
            w.push("varchar(").number(u64::from(length)).push(")");
        }
        (None, None) => write_type(w, column.ty),
    }
}

fn names(w: &mut Writer, columns: &[&str]) {
    w.separated(", ", columns, |w, column| {
        w.ident(column);
    });
}

fn foreign_key(w: &mut Writer, table: &TableDef, key: &ForeignKeyDef) {
    w.push("CONSTRAINT ").ident(&foreign_key_name(table, key)).push(" FOREIGN KEY (");
    names(w, key.columns);
    w.push(") REFERENCES ").table((key.target)()).push(" (");
    names(w, key.target_columns);
    w.push(")");
    action(w, " ON DELETE ", key.on_delete);
    action(w, " ON UPDATE ", key.on_update);
    w.push(match key.deferrable {
        Deferrable::No => "",
        Deferrable::Immediate => " DEFERRABLE INITIALLY IMMEDIATE",
        Deferrable::Deferred => " DEFERRABLE INITIALLY DEFERRED",
    });
}

fn action(w: &mut Writer, event: &str, action: ForeignKeyAction) {
    let sql = match action {
        ForeignKeyAction::NoAction => return,
        ForeignKeyAction::Restrict => "RESTRICT",
        ForeignKeyAction::Cascade => "CASCADE",
        ForeignKeyAction::SetNull => "SET NULL",
        ForeignKeyAction::SetDefault => "SET DEFAULT",
    };
    w.push(event).push(sql);
}

/// Adds a foreign key unless it is there: `ADD CONSTRAINT` has no IF NOT EXISTS.
fn add_foreign_key(table: &TableDef, key: &ForeignKeyDef) -> DdlStatement {
    let mut w = Writer::default();
    w.push("ALTER TABLE ").table(table).push(" ADD ");
    foreign_key(&mut w, table, key);
    DdlStatement {
        sql: w.into_sql(),
        unless: Some((CONSTRAINT_EXISTS, vec![quoted(table.schema, table.name), foreign_key_name(table, key)])),
    }
}

fn create_indexes(table: &'static TableDef, taken: &mut Taken, statements: &mut Vec<DdlStatement>) {
    for index in table.indexes {
        statements.push(create_index(table, index, taken));
    }
    for key in table.foreign_keys.iter().filter(|key| key.indexed && !is_indexed(table, key.columns)) {
        let index = IndexDef { columns: key.columns, name: None, unique: false, using: None, predicate: None };
        statements.push(create_index(table, &index, taken));
    }
}

/// Whether the columns lead a primary key, unique constraint or full index: another would be of no use.
fn is_indexed(table: &TableDef, columns: &[&str]) -> bool {
    let leads = |other: &[&str]| other.len() >= columns.len() && other[..columns.len()] == *columns;
    leads(table.key_names)
        || table.uniques.iter().any(|unique| leads(unique.columns))
        || table.indexes.iter().any(|index| index.predicate.is_none() && index.using.is_none() && leads(index.columns))
}

fn create_index(table: &TableDef, index: &IndexDef, taken: &mut Taken) -> DdlStatement {
    let mut w = Writer::default();
    w.push(if index.unique { "CREATE UNIQUE INDEX" } else { "CREATE INDEX" }).push(" IF NOT EXISTS ");
    w.ident(&taken.over(table, index.columns, index.name, "idx")).push(" ON ").table(table);
    if let Some(method) = index.using {
        w.push(" USING ").ident(method);
    }
    w.push(" (");
    names(&mut w, index.columns);
    w.push(")");
    if let Some(predicate) = index.predicate {
        w.push(" WHERE ").push(predicate);
    }
    w.into()
}

fn create_link_table(link: &BareLink, taken: &mut Taken) -> DdlStatement {
    let mut w = Writer::default();
    w.push("CREATE TABLE IF NOT EXISTS ").qualified(link.schema, link.table).push(" (");
    for (ends, columns) in [(link.from, link.local), (link.to, link.remote)] {
        for (column, key) in columns.iter().zip(ends.key_columns()) {
            w.ident(column).push(" ");
            declared_type(&mut w, key);
            w.push(" NOT NULL, ");
        }
    }
    w.push("CONSTRAINT ").ident(&taken.claim(link.schema, &[link.table], "pkey")).push(" PRIMARY KEY (");
    names(&mut w, &link.local.iter().chain(link.remote).copied().collect::<Vec<_>>());
    w.push(")");
    for (end, columns) in [(link.from, link.local), (link.to, link.remote)] {
        let parts: Vec<&str> = std::iter::once(link.table).chain(columns.iter().copied()).collect();
        w.push(", CONSTRAINT ").ident(&generated_name(&parts, "fkey")).push(" FOREIGN KEY (");
        names(&mut w, columns);
        w.push(") REFERENCES ").table(end).push(" (");
        names(&mut w, end.key_names);
        w.push(") ON DELETE CASCADE");
    }
    w.push(")");
    w.into()
}

/// The primary key leads with the one end; this index serves the other.
fn create_link_index(link: &BareLink, taken: &mut Taken) -> DdlStatement {
    let parts: Vec<&str> = std::iter::once(link.table).chain(link.remote.iter().copied()).collect();
    let mut w = Writer::default();
    w.push("CREATE INDEX IF NOT EXISTS ").ident(&taken.claim(link.schema, &parts, "idx")).push(" ON ");
    w.qualified(link.schema, link.table).push(" (");
    names(&mut w, link.remote);
    w.push(")");
    w.into()
}

fn comments(table: &TableDef, statements: &mut Vec<DdlStatement>) {
    if let Some(comment) = table.comment {
        let mut w = Writer::default();
        w.push("COMMENT ON ").push(view::kind(table)).table(table).push(" IS ").literal(comment);
        statements.push(w.into());
    }
    for column in table.columns {
        if let Some(comment) = column.comment {
            let mut w = Writer::default();
            w.push("COMMENT ON COLUMN ").table(table).push(".").ident(column.name).push(" IS ").literal(comment);
            statements.push(w.into());
        }
    }
}

/// The name of a foreign key, which the other constraints of its table alone decide: it is dropped by it, too.
fn foreign_key_name(table: &TableDef, key: &ForeignKeyDef) -> String {
    let mut taken = given_names(table);
    for other in table.foreign_keys {
        let name = free_name(&parts(table, other.columns.iter().copied()), "fkey", |name| {
            taken.iter().any(|other| other == name)
        });
        if std::ptr::eq(other, key) {
            return name;
        }
        taken.push(name);
    }
    generated_name(&parts(table, key.columns.iter().copied()), "fkey")
}

/// The names that were given to constraints of the table.
fn given_names(table: &TableDef) -> Vec<String> {
    let uniques = table.uniques.iter().filter_map(|unique| unique.name);
    uniques.chain(table.checks.iter().filter_map(|check| check.name)).map(str::to_owned).collect()
}

fn check_name(table: &TableDef, check: &CheckDef, taken: &mut Vec<String>) -> String {
    let name = match check.name {
        Some(name) => name.to_owned(),
        None => free_name(&parts(table, check.column), "check", |name| taken.iter().any(|other| other == name)),
    };
    taken.push(name.clone());
    name
}

/// `table_column_suffix`, as PostgreSQL names constraints itself. One that would be longer than a name may be is cut,
/// and told from others that are cut to the same by a hash of the whole.
fn generated_name(parts: &[&str], suffix: &str) -> String {
    let mut whole = parts.join("_");
    if whole.len() + 1 + suffix.len() > NAME_LIMIT {
        let hash = fnv1a(whole.as_bytes());
        let mut end = NAME_LIMIT - suffix.len() - 10;
        while !whole.is_char_boundary(end) {
            end -= 1;
        }
        whole.truncate(end);
        let _ = write!(whole, "_{hash:08x}");
    }
    whole.push('_');
    whole.push_str(suffix);
    whole
}

fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
