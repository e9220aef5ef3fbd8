//! `INSERT`, `UPDATE` and `DELETE` to text.

use super::ddl::write_column_type;
use super::writer::{Named, Writer};
use super::{Compile, ResultColumn, check_value};
use crate::schema::{ColumnDef, SourceRef, TableDef};
use crate::sql::{
    ArrayInsert, ArrayUpdate, ArrayUpsert, BulkDelete, BulkInsert, BulkUpdate, Followers, FromItem, Input, InsertRow,
    InsertRows, Join, KeyedDelete, KeyedUpdate, LinkWrite, Merge, MergeUsing, Node, Projection, Select, TakeKeys,
};
use crate::types::{Field, TypeDef, Value};

/// A statement that writes.
#[derive(Debug, Clone)]
pub(crate) enum Write {
    TakeKeys(TakeKeys),
    InsertRow(InsertRow),
    ArrayInsert(ArrayInsert),
    KeyedUpdate(KeyedUpdate),
    ArrayUpdate(ArrayUpdate),
    Upsert(ArrayUpsert),
    KeyedDelete(KeyedDelete),
    Link(LinkWrite),
    BulkUpdate(BulkUpdate),
    BulkDelete(BulkDelete),
    Insert(BulkInsert),
    Merge(Merge),
    /// Fails unless it has written this many rows, so that it can be committed before its answer is seen.
    Whole(Box<Self>, i64),
    /// Looks, before something is written.
    Find(Box<Select>),
    /// Has constraints that may be deferred checked at the end of the transaction.
    Defer,
}

impl Compile for Write {
    fn write(&self, w: &mut Writer) {
        if let Some(table) = self.table() {
            w.about(table);
        }
        match self {
            Self::TakeKeys(statement) => w.take_keys(statement),
            Self::InsertRow(statement) => w.insert_row(statement),
            Self::ArrayInsert(statement) => w.array_insert(statement, false),
            Self::KeyedUpdate(statement) => w.keyed_update(statement),
            Self::ArrayUpdate(statement) => w.array_update(statement),
            Self::Upsert(statement) => w.array_upsert(statement),
            Self::KeyedDelete(statement) => w.keyed_delete(statement),
            Self::Link(statement) => w.link_write(statement),
            Self::BulkUpdate(statement) => w.bulk_update(statement),
            Self::BulkDelete(statement) => w.bulk_delete(statement),
            Self::Insert(statement) => w.insert(statement),
            Self::Merge(statement) => w.merge(statement),
            Self::Whole(write, rows) => w.whole_write(write, *rows),
            Self::Find(select) => w.select(select, true),
            Self::Defer => _ = w.push("SET CONSTRAINTS ALL DEFERRED"),
        }
    }
}

impl Write {
    /// Whether there is nothing to be sent.
    pub(crate) fn is_nothing(&self) -> bool {
        match self {
            Self::BulkUpdate(update) => update.set.is_empty(),
            Self::Insert(insert) => matches!(insert.rows, InsertRows::Arrays { count: 0, .. }),
            Self::Merge(merge) => matches!(merge.using, MergeUsing::Given { count: 0, .. }),
            _ => false,
        }
    }

    /// The table that is written to, unless it has no model.
    fn table(&self) -> Option<&'static TableDef> {
        match self {
            Self::TakeKeys(statement) => Some(statement.table),
            Self::InsertRow(statement) => Some(statement.table),
            Self::ArrayInsert(statement) => Some(statement.table),
            Self::KeyedUpdate(statement) => Some(statement.table),
            Self::ArrayUpdate(statement) => Some(statement.table),
            Self::Upsert(statement) => Some(statement.table),
            Self::KeyedDelete(statement) => Some(statement.table),
            Self::Link(_) | Self::Find(_) | Self::Defer => None,
            Self::BulkUpdate(statement) => Some(statement.source.table()),
            Self::BulkDelete(statement) => Some(statement.source.table()),
            Self::Insert(statement) => Some(statement.table),
            Self::Merge(statement) => Some(statement.table),
            Self::Whole(write, _) => write.table(),
        }
    }
}

/// Whether the ends of a link are the key of its row, or unique: then there is one row for them, marked or not.
fn is_told_by_ends(table: &TableDef, statement: &LinkWrite) -> bool {
    let ends = || statement.link.local.iter().chain(statement.link.remote);
    let are_ends = |columns: &[&str]| columns.len() == ends().count() && ends().all(|end| columns.contains(end));
    are_ends(table.key_names) || table.uniques.iter().any(|unique| are_ends(unique.columns))
}

/// How the columns of the rows that are sent are called, keys and values apart: a key may be among the values too.
pub(super) fn input_name(prefix: &str, index: usize) -> String {
    format!("{prefix}{index}")
}

/// What the elements of a nested column are joined as.
fn nested(name: &str) -> String {
    format!("{name}_elements")
}

pub(super) fn named_inputs<'a>(
    table: &'static TableDef,
    columns: &[usize],
    arrays: &'a [Input],
    names: &'a [String],
) -> Vec<(&'a str, &'a Input, &'static ColumnDef)> {
    let columns = columns.iter().map(|&column| &table.columns[column]);
    names.iter().zip(arrays).zip(columns).map(|((name, input), column)| (name.as_str(), input, column)).collect()
}

impl Writer {
    pub(super) fn column_names(&mut self, table: &'static TableDef, columns: &[usize]) -> &mut Self {
        self.separated(", ", columns, |w, &column| {
            w.ident(table.columns[column].name);
        })
    }

    /// `$1::int4[]`, or `$1::int4` of a single value.
    fn cast_param(&mut self, value: &Value, column: &ColumnDef, array: bool) {
        self.part(|w| {
            w.names(column);
            w.param(value.clone());
        });
        self.push("::");
        write_column_type(self, column);
        if array {
            self.push("[]");
        }
    }

    /// The rows that are sent, as an item of a FROM clause with their ordinals as `n`, in their order.
    pub(super) fn rows(&mut self, alias: &str, inputs: &[(&str, &Input, &'static ColumnDef)]) {
        if inputs.iter().all(|(_, input, column)| matches!(input, Input::Plain(_)) && !column.ty.is_composite()) {
            return self.unnest_rows(alias, inputs, &[]);
        }
        let mut composites = Vec::new();
        self.push("(SELECT ");
        for (name, input, column) in inputs {
            match input {
                // `UNNEST` would make a column of each of its members.
                Input::Plain(array) if column.ty.is_composite() => {
                    self.push("(");
                    self.cast_param(array, column, true);
                    composites.push((*name, self.params()));
                    self.push(")[\"plain\".").ident(name).push("] AS ").ident(name)
                }
                Input::Plain(_) => self.push("\"plain\".").ident(name),
                Input::Nested { .. } => {
                    self.push("CASE WHEN \"plain\".").ident(name).push(" THEN COALESCE (").ident(&nested(name));
                    self.push(".\"v\", '{}') END AS ").ident(name)
                }
            };
            self.push(", ");
        }
        self.push("\"plain\".\"n\" FROM ");
        self.unnest_rows("plain", inputs, &composites);
        for (name, input, column) in inputs {
            let Input::Nested { rows, elements, .. } = input else { continue };
            self.push(" LEFT JOIN (SELECT \"r\", array_agg(");
            // The type of an array column is that of an array of its elements.
            if column.ty.element().is_some_and(TypeDef::is_composite) {
                self.push("(");
                self.cast_param(elements, column, false);
                self.push(")[\"o\"] ORDER BY \"o\") AS \"v\" FROM UNNEST (").param(rows.clone());
                self.push("::bigint[]) WITH ORDINALITY AS \"element\" (\"r\", \"o\") GROUP BY \"r\") AS ");
            } else {
                self.push("\"v\" ORDER BY \"o\") AS \"v\" FROM UNNEST (").param(rows.clone()).push("::bigint[], ");
                self.cast_param(elements, column, false);
                self.push(") WITH ORDINALITY AS \"element\" (\"r\", \"v\", \"o\") GROUP BY \"r\") AS ");
            }
            self.ident(&nested(name));
            self.push(" ON ").ident(&nested(name)).push(".\"r\" = \"plain\".\"n\"");
        }
        self.push(" ORDER BY \"plain\".\"n\") AS ").ident(alias);
    }

    /// `UNNEST ($1::int4[], …) WITH ORDINALITY AS …`; of a nested column, whether it is there, and of a composite one,
    /// whose parameters are there already, the places in its array.
    fn unnest_rows(
        &mut self,
        alias: &str,
        inputs: &[(&str, &Input, &'static ColumnDef)],
        composites: &[(&str, usize)],
    ) {
        self.push("UNNEST (");
        self.separated(", ", inputs, |w, (name, input, column)| match input {
            Input::Plain(_) if column.ty.is_composite() => {
                let number = composites.iter().find(|(other, _)| other == name).map_or(0, |(_, number)| *number);
                w.push("ARRAY (SELECT generate_subscripts(").placeholder(number).push("::");
                write_column_type(w, column);
                w.push("[], 1))");
            }
            Input::Plain(array) => w.cast_param(array, column, true),
            Input::Nested { present, .. } => _ = w.param(present.clone()).push("::boolean[]"),
        });
        self.push(") WITH ORDINALITY AS ").ident(alias).push(" (");
        for (name, ..) in inputs {
            self.ident(name).push(", ");
        }
        self.push("\"n\")");
    }

    /// `UNNEST ($1::int4[], …)`.
    fn unnest<'a>(&mut self, inputs: impl IntoIterator<Item = (&'a Value, &'static ColumnDef)>) {
        self.push("UNNEST (");
        self.separated(", ", inputs, |w, (array, column)| w.cast_param(array, column, true));
        self.push(")");
    }

    fn returning(&mut self, table: &'static TableDef, columns: &[usize]) {
        if columns.is_empty() {
            return;
        }
        self.push(" RETURNING ").column_names(table, columns);
        self.expect_columns(table, columns);
    }

    fn expect_columns(&mut self, table: &'static TableDef, columns: &[usize]) {
        for &column in columns {
            self.expect(ResultColumn::column(table, &table.columns[column]));
        }
    }

    /// The ordinal of a row that was met, counted from 1.
    fn expect_ordinal(&mut self) {
        self.expect(ResultColumn { ty: <i64 as Field>::TYPE, of: None });
    }

    pub(super) fn insert_row(&mut self, statement: &InsertRow) {
        let InsertRow { table, columns, values, returning } = statement;
        self.push("INSERT INTO ").table(table);
        self.values_rows(table, columns, values);
        self.returning(table, returning);
    }

    /// `("a", "b") VALUES ($1, $2), ($3, $4)`: for few rows, arrays would cost more than they save.
    pub(super) fn values_rows(&mut self, table: &'static TableDef, columns: &[usize], values: &[Value]) {
        if columns.is_empty() {
            self.push(" DEFAULT VALUES");
            return;
        }
        self.push(" (").column_names(table, columns).push(") VALUES ");
        self.separated(", ", values.chunks(columns.len()), |w, row| {
            w.push("(").separated(", ", columns.iter().zip(row), |w, (&column, value)| {
                w.part(|w| {
                    w.names(&table.columns[column]);
                    w.param(value.clone());
                });
            });
            w.push(")");
        });
    }

    /// `SELECT unnest($1::integer[]), unnest($2::text[])`, whose rows are in the order of the arrays and need neither a
    /// table in memory nor a sort; unless a column has to be put together. Tells whether it was written.
    pub(super) fn unnested(&mut self, table: &'static TableDef, columns: &[usize], arrays: &[Input]) -> bool {
        let plain = |(&column, input): (&usize, &Input)| {
            let def = &table.columns[column];
            matches!(input, Input::Plain(_)) && !def.ty.is_composite()
        };
        if !columns.iter().zip(arrays).all(plain) {
            return false;
        }
        self.push("SELECT ").separated(", ", columns.iter().zip(arrays), |w, (&column, input)| {
            if let Input::Plain(array) = input {
                w.push("unnest(");
                w.cast_param(array, &table.columns[column], true);
                w.push(")");
            }
        });
        true
    }

    /// Without columns that the server makes, a plain insert from arrays. With them, the keys are made by the statement
    /// itself before it inserts, so that each row that comes back is told by its key: the order of RETURNING is nobody's
    /// promise.
    ///
    /// If it is to be whole, a row that was left out is divided by zero.
    pub(super) fn array_insert(&mut self, statement: &ArrayInsert, is_whole: bool) {
        let ArrayInsert { table, columns, arrays, returning } = statement;
        if returning.is_empty() {
            return self.plain_array_insert(table, columns, arrays);
        }
        let made: Vec<usize> = table.primary_key.iter().copied().filter(|key| !columns.contains(key)).collect();
        let names: Vec<String> =
            (0..made.len()).map(|i| input_name("k", i)).chain((0..columns.len()).map(|i| input_name("v", i))).collect();
        let (made_names, sent_names) = names.split_at(made.len());
        self.push("WITH \"input\" AS MATERIALIZED (SELECT \"n\"");
        for (&key, name) in made.iter().zip(made_names) {
            self.push(", ");
            self.server_value(table, &table.columns[key]);
            self.push(" AS ").ident(name);
        }
        for (&column, name) in columns.iter().zip(sent_names) {
            self.push(", ");
            self.value_or_default(table, &table.columns[column], name);
        }
        self.push(" FROM ");
        self.rows("rows", &named_inputs(table, columns, arrays, sent_names));
        self.push("), \"output\" AS (INSERT INTO ");
        let inserted: Vec<usize> = made.iter().chain(columns).copied().collect();
        self.table(table).push(" (").column_names(table, &inserted).push(") SELECT ").idents(&names);
        self.push(" FROM \"input\" RETURNING ");
        if let Some((key, array)) = statement.key_array()
            && let Some(place) = inserted.iter().position(|&column| column == key)
        {
            return self.key_arrays((table, &table.columns[key]), &names[place], array, is_whole);
        }
        let keys = || table.primary_key.iter();
        let output: Vec<usize> =
            keys().chain(returning.iter().filter(|c| !keys().any(|key| key == *c))).copied().collect();
        self.column_names(table, &output).push(") SELECT ");
        self.separated(", ", returning, |w, &column| {
            w.push("\"output\".").ident(table.columns[column].name);
        });
        self.push(" FROM \"input\"").push(if is_whole { " LEFT JOIN " } else { " JOIN " }).push("\"output\" ON ");
        let named = inserted.iter().zip(&names).filter(|(column, _)| table.primary_key.contains(column));
        self.separated(" AND ", named, |w, (&key, name)| {
            w.push("\"input\".").ident(name).push(" = \"output\".").ident(table.columns[key].name);
        });
        if is_whole {
            self.none_left_out(table, "output");
        }
        self.push(" ORDER BY \"input\".\"n\"");
        self.expect_columns(table, returning);
    }

    fn plain_array_insert(&mut self, table: &'static TableDef, columns: &[usize], arrays: &[Input]) {
        self.push("INSERT INTO ").table(table).push(" (").column_names(table, columns).push(") ");
        if self.unnested(table, columns, arrays) {
            return;
        }
        let names: Vec<String> = (0..columns.len()).map(|i| input_name("v", i)).collect();
        self.push("SELECT ").idents(&names).push(" FROM ");
        self.rows("rows", &named_inputs(table, columns, arrays, &names));
    }

    fn idents(&mut self, names: &[String]) -> &mut Self {
        self.separated(", ", names, |w, name| {
            w.ident(name);
        })
    }

    fn keyed_update(&mut self, statement: &KeyedUpdate) {
        let KeyedUpdate { table, columns, values, set, keys, key_values, touched, returning, followers } = statement;
        self.followers(followers);
        let outer = self.enter();
        self.declare(Named::Source(SourceRef::Table(table)));
        self.push("UPDATE ").table(table).push(" SET ");
        self.equal_values(", ", table, columns, values);
        for (i, (column, value)) in set.iter().enumerate() {
            self.push(if i > 0 || !columns.is_empty() { ", " } else { "" });
            self.ident(table.columns[*column].name).push(" = ");
            self.part(|w| {
                w.names(&table.columns[*column]);
                w.node(value);
            });
        }
        self.touch(table, touched, !columns.is_empty() || !set.is_empty());
        self.push(" WHERE ").equal_values(" AND ", table, keys, key_values);
        self.returning(table, returning);
        self.leave(outer);
    }

    /// `"name" = $1, …`
    fn equal_values(&mut self, separator: &str, table: &'static TableDef, columns: &[usize], values: &[Value]) {
        self.separated(separator, columns.iter().zip(values), |w, (&column, value)| {
            w.part(|w| {
                w.names(&table.columns[column]);
                w.ident(table.columns[column].name).push(" = ").param(value.clone());
            });
        });
    }

    /// In one statement with what they follow, so that the foreign key holds before and after: it is checked when the
    /// whole statement is done.
    fn followers(&mut self, followers: &[Followers]) {
        for (i, Followers { table, columns, old, new }) in followers.iter().enumerate() {
            self.push(if i == 0 { "WITH " } else { ", " }).ident(&input_name("follower", i)).push(" AS (UPDATE ");
            self.table(table).push(" SET ").equal_values(", ", table, columns, new);
            self.push(" WHERE ").equal_values(" AND ", table, columns, old);
            self.push(")");
        }
        if !followers.is_empty() {
            self.push(" ");
        }
    }

    /// Returns the ordinals of the rows that were met, in front of the columns that the server made.
    fn array_update(&mut self, statement: &ArrayUpdate) {
        let ArrayUpdate { table, columns, arrays, keys, key_arrays, touched, returning, ordinals } = statement;
        self.push("UPDATE ").table(table).push(" AS \"target\" SET ");
        self.separated(", ", columns.iter().enumerate(), |w, (i, &column)| {
            w.ident(table.columns[column].name).push(" = \"input\".").ident(&input_name("v", i));
        });
        self.touch(table, touched, !columns.is_empty());
        self.push(" FROM ");
        self.input_rows(table, keys, key_arrays, columns, arrays);
        if !ordinals {
            return;
        }
        self.push(" RETURNING \"input\".\"n\"");
        self.expect_ordinal();
        for &column in returning {
            self.push(", \"target\".").ident(table.columns[column].name);
        }
        self.expect_columns(table, returning);
    }

    /// Sets columns to the SQL of their own definition, and the one that marks a deleted row to the time; `follows` other
    /// assignments, or is the first.
    fn touch(&mut self, table: &'static TableDef, columns: &[usize], follows: bool) {
        for (i, &column) in columns.iter().enumerate() {
            if follows || i > 0 {
                self.push(", ");
            }
            let marks = table.soft_delete == Some(column);
            let sql = if marks { "now()" } else { table.columns[column].on_update.unwrap_or("DEFAULT") };
            self.ident(table.columns[column].name).push(" = ").push(sql);
        }
    }

    /// A row that comes back is told by its conflict key, as the server compares it. Whether it is new, the server tells
    /// by `xmax`, but not of a partitioned table: there, by whether it was there when the statement began.
    fn array_upsert(&mut self, statement: &ArrayUpsert) {
        let ArrayUpsert { table, columns, arrays, target, set } = statement;
        let sent: Vec<String> = (0..columns.len()).map(|i| input_name("v", i)).collect();
        self.push("WITH \"input\" AS MATERIALIZED (SELECT * FROM ");
        self.rows("rows", &named_inputs(table, columns, arrays, &sent));
        self.push("), \"output\" AS (INSERT INTO ").table(table).push(" (").column_names(table, columns);
        self.push(") SELECT ").idents(&sent).push(" FROM \"input\" ORDER BY \"n\" ON CONFLICT (");
        self.column_names(table, target).push(") DO UPDATE SET ");
        self.excluded(table, if set.is_empty() { target } else { set });
        self.touch_in_conflict(table, &table.touched_by_update(|column| set.contains(&column)));
        self.push(" RETURNING ");
        for (i, column) in table.columns.iter().enumerate() {
            self.ident(column.name).push(" AS ").ident(&input_name("c", i)).push(", ");
        }
        self.push("CASE WHEN (SELECT \"relkind\" = 'p' FROM \"pg_catalog\".\"pg_class\" WHERE \"oid\" = ");
        let mut name = Self::default();
        name.table(table);
        self.literal(&name.into_sql());
        self.push("::regclass) THEN NULL ELSE \"xmax\" = 0 END AS \"inserted\") SELECT ");
        for (i, column) in table.columns.iter().enumerate() {
            self.push("\"output\".").ident(&input_name("c", i)).push(", ");
            self.expect(ResultColumn::column(table, column));
        }
        self.push("COALESCE (\"output\".\"inserted\", NOT EXISTS (SELECT FROM ").table(table);
        self.push(" AS \"before\" WHERE ");
        self.expect(ResultColumn { ty: <bool as Field>::TYPE, of: None });
        let named: Vec<(usize, &String)> =
            columns.iter().copied().zip(&sent).filter(|(c, _)| target.contains(c)).collect();
        self.separated(" AND ", &named, |w, (column, name)| {
            w.push("\"before\".").ident(table.columns[*column].name).push(" = \"input\".").ident(name);
        });
        self.push(")) FROM \"input\" JOIN \"output\" ON ");
        self.separated(" AND ", &named, |w, (column, name)| {
            w.push("\"output\".").ident(&input_name("c", *column)).push(" = \"input\".").ident(name);
        });
        self.push(" ORDER BY \"input\".\"n\"");
    }

    /// `"name" = EXCLUDED."name", …`, and the next version.
    fn excluded(&mut self, table: &'static TableDef, columns: &[usize]) {
        self.separated(", ", columns, |w, &column| {
            let name = table.columns[column].name;
            w.ident(name).push(" = EXCLUDED.").ident(name);
        });
        if let Some(version) = table.version_column() {
            let name = table.columns[version].name;
            self.push(", ").ident(name).push(" = ").table(table).push(".").ident(name).push(" + 1");
        }
    }

    /// Like [`touch`](Self::touch), but where the columns of `EXCLUDED` have the same names: the SQL of a definition, which
    /// may name columns, is to see those of the row alone.
    pub(super) fn touch_in_conflict(&mut self, table: &'static TableDef, columns: &[usize]) {
        for column in columns.iter().map(|&column| &table.columns[column]) {
            let sql = column.on_update.unwrap_or_default();
            self.push(", ").ident(column.name).push(" = (SELECT ").push(sql).push(" FROM (SELECT ").table(table);
            self.push(".*) AS ").ident(table.name).push(")");
        }
    }

    fn keyed_delete(&mut self, statement: &KeyedDelete) {
        let KeyedDelete { table, keys, key_arrays, branches, ordinals } = statement;
        if !branches.is_empty() {
            return self.tree_delete(statement);
        }
        if let (false, &[key], [Input::Plain(array)]) = (ordinals, &keys[..], &key_arrays[..])
            && !table.columns[key].ty.is_composite()
        {
            // A join with the rows that were sent would take the server half as long again.
            let column = &table.columns[key];
            self.push("DELETE FROM ").table(table).push(" WHERE ").ident(column.name).push(" = ANY (");
            self.cast_param(array, column, true);
            self.push(")");
            return;
        }
        self.push("DELETE FROM ").table(table).push(" AS \"target\" USING ");
        self.input_rows(table, keys, key_arrays, &[], &[]);
        if !ordinals {
            return;
        }
        self.push(" RETURNING \"input\".\"n\"");
        self.expect_ordinal();
    }

    /// The rows that were sent, and the condition that the target is one of them.
    fn input_rows(
        &mut self,
        table: &'static TableDef,
        keys: &[usize],
        key_arrays: &[Input],
        columns: &[usize],
        arrays: &[Input],
    ) {
        let names = |prefix, len| (0..len).map(|i| input_name(prefix, i)).collect::<Vec<String>>();
        let (key_names, value_names) = (names("k", keys.len()), names("v", columns.len()));
        let mut inputs = named_inputs(table, keys, key_arrays, &key_names);
        inputs.extend(named_inputs(table, columns, arrays, &value_names));
        self.rows("input", &inputs);
        self.push(" WHERE ");
        self.separated(" AND ", keys.iter().enumerate(), |w, (i, &key)| {
            w.push("\"target\".").ident(table.columns[key].name).push(" = \"input\".").ident(&input_name("k", i));
        });
    }

    fn link_write(&mut self, statement: &LinkWrite) {
        let LinkWrite { link, insert, .. } = statement;
        let marked = link.model.and_then(|table| Some((table, table.soft_delete?)));
        if *insert {
            if let Some((table, column)) = marked.filter(|(table, _)| is_told_by_ends(table, statement)) {
                // The row of a link that is marked is in the way of a new one: it is the link again.
                self.push("WITH \"again\" AS (");
                self.mark_links(statement, table, column, true);
                self.push(") ");
            }
            return self.insert_links(statement);
        }
        match marked {
            Some((table, column)) => self.mark_links(statement, table, column, false),
            None => {
                self.push("DELETE FROM ").qualified(link.schema, link.table).push(" AS \"target\" USING ");
                self.linked_rows(statement);
            }
        }
    }

    fn insert_links(&mut self, statement: &LinkWrite) {
        let LinkWrite { link, arrays, types, .. } = statement;
        self.push("INSERT INTO ").qualified(link.schema, link.table).push(" (");
        self.separated(", ", link.local.iter().chain(link.remote), |w, column| {
            w.ident(column);
        });
        self.push(") SELECT * FROM ");
        self.unnest(arrays.iter().zip(types.iter().copied()));
        // A link that is there is what is wanted.
        self.push(" ON CONFLICT DO NOTHING");
    }

    /// Marks links as deleted, or as not so `again`.
    fn mark_links(&mut self, statement: &LinkWrite, table: &'static TableDef, column: usize, again: bool) {
        let name = table.columns[column].name;
        self.push("UPDATE ").table(table).push(" AS \"target\" SET ");
        self.ident(name).push(if again { " = NULL" } else { " = now()" });
        if let Some(version) = table.version_column().map(|version| table.columns[version].name) {
            self.push(", ").ident(version).push(" = \"target\".").ident(version).push(" + 1");
        }
        self.touch(table, &table.touched_by_update(|_| false), true);
        self.push(" FROM ");
        self.linked_rows(statement);
        self.push(" AND \"target\".").ident(name).push(if again { " IS NOT NULL" } else { " IS NULL" });
    }

    /// The links that were sent, and the condition that the target is one of them.
    fn linked_rows(&mut self, statement: &LinkWrite) {
        let LinkWrite { link, arrays, types, .. } = statement;
        let columns = || link.local.iter().chain(link.remote);
        self.unnest(arrays.iter().zip(types.iter().copied()));
        self.push(" AS \"input\" (");
        self.separated(", ", columns(), |w, column| {
            w.ident(column);
        });
        self.push(") WHERE ");
        self.separated(" AND ", columns(), |w, column| {
            w.push("\"target\".").ident(column).push(" = \"input\".").ident(column);
        });
    }

    pub(super) fn bulk_update(&mut self, statement: &BulkUpdate) {
        let BulkUpdate { source, set, joins, predicates, with_deleted, unfiltered, projection, before: old, returning } =
            statement;
        let outer = self.enter();
        let before = self.let_in(*with_deleted, unfiltered);
        self.declare(Named::Source(*source));
        self.declare_joins(joins);
        let table = source.table();
        self.push("UPDATE ").table(table).push(" SET ");
        self.assignments(table, set);
        let is_set = |column: usize| set.iter().any(|(other, _)| other.name == table.columns[column].name);
        self.touch(table, &table.touched_by_update(is_set), !set.is_empty());
        self.joined_where(" FROM ", *source, joins, predicates);
        let keys = old.iter().flat_map(|&old| table.primary_key.iter().map(move |&column| (old, column)));
        let columns = returning.iter().map(|&column| (*source, column));
        self.bulk_returning(projection, keys.chain(columns).collect());
        self.restore(before);
        self.leave(outer);
    }

    /// `"name" = $1, …`, with values that were checked.
    pub(super) fn assignments(&mut self, table: &'static TableDef, set: &[(&'static ColumnDef, Node)]) {
        self.separated(", ", set, |w, (column, value)| {
            w.part(|w| {
                w.names(column);
                w.ident(column.name).push(" = ").checked(table, column, value);
            });
        });
    }

    /// What a column is given; a value that it cannot hold is refused.
    pub(super) fn checked(&mut self, table: &'static TableDef, column: &'static ColumnDef, value: &Node) {
        if let Node::Param(value) = value
            && let Err(error) = check_value(table, column, value)
        {
            self.fail(error);
        }
        self.node(value);
    }

    pub(super) fn bulk_delete(&mut self, statement: &BulkDelete) {
        let BulkDelete { source, joins, predicates, with_deleted, unfiltered, projection, returning, .. } = statement;
        let outer = self.enter();
        let before = self.let_in(*with_deleted, unfiltered);
        self.declare(Named::Source(*source));
        self.declare_joins(joins);
        match statement.mark() {
            Some(mark) => {
                self.bulk_mark(*source, mark);
                self.joined_where(" FROM ", *source, joins, predicates);
            }
            None => {
                self.push("DELETE FROM ").table(source.table());
                self.joined_where(" USING ", *source, joins, predicates);
            }
        }
        self.bulk_returning(projection, returning.iter().map(|&column| (*source, column)).collect());
        self.restore(before);
        self.leave(outer);
    }

    fn bulk_mark(&mut self, source: SourceRef, mark: &'static ColumnDef) {
        let table = source.table();
        self.push("UPDATE ").table(table).push(" SET ").ident(mark.name).push(" = now()");
        if let Some(version) = table.version_column().map(|version| table.columns[version].name) {
            // Who has read the row before is to notice.
            self.push(", ").ident(version).push(" = ").qualifier(Named::Source(source)).push(".").ident(version);
            self.push(" + 1");
        }
        self.touch(table, &table.touched_by_update(|_| false), true);
    }

    /// The joined tables as a list, and what they are joined on among the conditions.
    fn joined_where(&mut self, keyword: &str, source: SourceRef, joins: &[Join], predicates: &[Node]) {
        let joined = joins.iter().filter_map(|join| self.joined_implied(join));
        let implied: Vec<Node> = self.implied(&FromItem::Source(source), false).into_iter().chain(joined).collect();
        if joins.is_empty() {
            return self.where_clause(predicates.iter().chain(&implied));
        }
        self.push(keyword).separated(", ", joins, |w, join| w.write_item(&join.item));
        self.where_clause(joins.iter().map(|join| &join.on).chain(predicates).chain(&implied));
    }

    /// Qualified, because a subquery in the statement may bring a column of the same name.
    pub(super) fn bulk_returning(&mut self, projection: &[Projection], columns: Vec<(SourceRef, usize)>) {
        if projection.is_empty() && columns.is_empty() {
            return;
        }
        self.push(" RETURNING ").separated(", ", projection, |w, item| w.projection(item, true));
        if !projection.is_empty() && !columns.is_empty() {
            self.push(", ");
        }
        self.separated(", ", &columns, |w, &(source, column)| {
            w.qualifier(Named::Source(source)).push(".").ident(source.table().columns[column].name);
        });
        for (source, column) in columns {
            self.expect_columns(source.table(), &[column]);
        }
    }
}
