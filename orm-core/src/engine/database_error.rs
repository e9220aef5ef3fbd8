//! What the driver and the server say, as this crate's errors.

use std::error::Error as StdError;
use std::fmt;

use tokio_postgres::error::{DbError, ErrorPosition, SqlState};
use tokio_postgres::types::{Kind, Type};

use super::config::Target;
use crate::error::{ConstraintKind, Error, ErrorKind};
use crate::schema::TableDef;

/// What the server said, without its DETAIL, which shows values.
#[derive(Debug)]
struct ServerError {
    code: String,
    message: String,
    hint: Option<String>,
    /// Whether a statement was prepared before its tables were altered, so that its result is another.
    is_of_an_old_plan: bool,
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.code)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl StdError for ServerError {}

impl ServerError {
    fn of(db: &DbError) -> Self {
        Self {
            code: db.code().code().to_owned(),
            message: db.message().to_owned(),
            hint: db.hint().map(str::to_owned),
            is_of_an_old_plan: db.routine() == Some("RevalidateCachedQuery"),
        }
    }
}

/// A connection could not be made.
pub(super) fn connection(target: &Target, source: tokio_postgres::Error) -> Error {
    let cause = match source.as_db_error() {
        Some(db) => db.message().to_owned(),
        None => source.source().map_or_else(|| source.to_string(), ToString::to_string),
    };
    let error = Error::new(ErrorKind::Connection, format!("could not connect to {target}: {cause}"));
    with_server_error(error, source)
}

fn with_server_error(error: Error, source: tokio_postgres::Error) -> Error {
    match source.as_db_error() {
        Some(db) => {
            let server = ServerError::of(db);
            error.with_sqlstate(server.code.clone()).with_source(server)
        }
        None => error.with_source(source),
    }
}

/// A statement failed.
pub(super) fn statement(source: tokio_postgres::Error, sql: &str, table: Option<&'static TableDef>) -> Error {
    let Some(db) = source.as_db_error() else { return client_side(source) };
    let error = constraint(db, table)
        .or_else(|| transaction(db))
        .or_else(|| conflict(db, sql, table))
        .or_else(|| schema(db, sql, table))
        .unwrap_or_else(|| {
            Error::new(ErrorKind::Database, format!("the server refused the statement: {}", db.message()))
        });
    with_server_error(with_model(error, db, table), source)
}

fn client_side(source: tokio_postgres::Error) -> Error {
    if source.is_closed() || source.source().is_some_and(|cause| cause.is::<std::io::Error>()) {
        return Error::new(ErrorKind::Connection, "the connection to the server broke").with_source(source);
    }
    match source.source().and_then(|cause| cause.downcast_ref::<crate::types::EncodeError>()) {
        Some(reason) => Error::new(ErrorKind::Encode, format!("a value cannot be sent: {reason}")),
        None => Error::new(ErrorKind::Database, "the statement failed").with_source(source),
    }
}

/// The error of a statement that is prepared.
pub(super) fn preparing(source: tokio_postgres::Error, sql: &str, table: Option<&'static TableDef>) -> Error {
    // The driver asks for the types that it does not know, and takes one that is gone by then for an answer out of turn.
    let is_of_a_type = source.as_db_error().is_none() && !source.is_closed() && source.source().is_none();
    if is_of_a_type {
        let message = "a type of the statement was dropped while the statement was prepared";
        return Error::new(ErrorKind::Schema, message).with_source(source);
    }
    statement(source, sql, table)
}

/// Adds the model, if the error is about the statement's own table.
fn with_model(error: Error, db: &DbError, table: Option<&'static TableDef>) -> Error {
    let Some(table) = table else { return error };
    match (error.model(), db.table()) {
        (None, Some(name)) if name == table.name => error.with_model(table.model),
        _ => error,
    }
}

fn constraint(db: &DbError, model: Option<&'static TableDef>) -> Option<Error> {
    let code = db.code();
    let (kind, name) = if *code == SqlState::UNIQUE_VIOLATION {
        (ConstraintKind::Unique, "unique")
    } else if *code == SqlState::FOREIGN_KEY_VIOLATION || *code == SqlState::RESTRICT_VIOLATION {
        (ConstraintKind::ForeignKey, "foreign-key")
    } else if *code == SqlState::NOT_NULL_VIOLATION {
        (ConstraintKind::NotNull, "not-null")
    } else if *code == SqlState::CHECK_VIOLATION {
        (ConstraintKind::Check, "check")
    } else if *code == SqlState::EXCLUSION_VIOLATION {
        (ConstraintKind::Exclusion, "exclusion")
    } else {
        return None;
    };
    let table = qualified(db, model);
    let message = match (db.constraint(), db.column(), &table) {
        (Some(constraint), _, Some(table)) => {
            format!("{name} constraint `{constraint}` of table `{table}` is violated")
        }
        (None, Some(column), Some(table)) => format!("{name} constraint of column `{table}.{column}` is violated"),
        _ => format!("a {name} constraint is violated: {}", db.message()),
    };
    let mut error = Error::new(ErrorKind::Constraint(kind), message);
    if let Some(constraint) = db.constraint() {
        error = error.with_constraint(constraint);
    }
    if let Some(column) = db.column() {
        error = error.with_column(column.to_owned());
    }
    if let Some(table) = table {
        error = error.with_table(table);
    }
    Some(error)
}

/// The table with its schema, where that is not the usual one or the one that the model leaves to the connection.
fn qualified(db: &DbError, model: Option<&'static TableDef>) -> Option<String> {
    let table = db.table()?;
    if model.is_some_and(|model| model.name == table && model.schema.is_none()) {
        return Some(table.to_owned());
    }
    match db.schema() {
        Some(schema) if schema != "public" => Some(format!("{schema}.{table}")),
        _ => Some(table.to_owned()),
    }
}

fn transaction(db: &DbError) -> Option<Error> {
    let code = db.code();
    if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED {
        let what = if *code == SqlState::T_R_DEADLOCK_DETECTED { "a deadlock" } else { "a concurrent transaction" };
        return Some(Error::new(
            ErrorKind::Serialization,
            format!("the transaction was ended by {what}; it can be run again"),
        ));
    }
    if *code == SqlState::LOCK_NOT_AVAILABLE {
        let message = format!("the rows are locked by another transaction: {}", db.message());
        return Some(Error::new(ErrorKind::Locked, message));
    }
    let lost = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW];
    lost.contains(code)
        .then(|| Error::new(ErrorKind::Connection, format!("the server ended the connection: {}", db.message())))
}

/// What an insert says of a conflict is not so.
fn conflict(db: &DbError, sql: &str, table: Option<&'static TableDef>) -> Option<Error> {
    let code = db.code();
    let (model, shown) = (table?.model, table?.display_name());
    let named = |kind, message| Some(Error::new(kind, message).with_model(model).with_table(shown.clone()));
    // The code alone could be that of a subquery of several rows; a routine's name is the same in every language.
    if *code == SqlState::CARDINALITY_VIOLATION && db.routine().is_some_and(|routine| routine.contains("OnConflict")) {
        return named(
            ErrorKind::Invalid,
            format!(
                "two values to insert into `{shown}` are in conflict with one row, which cannot be updated twice by one statement: leave out all but one of them, or insert them one after the other"
            ),
        );
    }
    if *code == SqlState::CARDINALITY_VIOLATION && db.routine().is_some_and(|routine| routine.contains("Merge")) {
        return named(
            ErrorKind::Invalid,
            format!(
                "two rows of the source match one row of `{shown}`, which a merge cannot change twice: narrow the condition of `on`, or the source"
            ),
        );
    }
    if is_unknown_merge(code, sql, original_position(db)) {
        return named(ErrorKind::Unsupported, "MERGE needs PostgreSQL 15 or later".to_owned());
    }
    if *code == SqlState::INVALID_COLUMN_REFERENCE && sql.contains(" ON CONFLICT (") {
        return named(
            ErrorKind::Schema,
            format!(
                "table `{shown}` has no unique constraint or index over exactly the columns of the conflict: add one, or say its condition if it is partial"
            ),
        );
    }
    if *code == SqlState::UNDEFINED_OBJECT {
        const CLAUSE: &str = " ON CONFLICT ON CONSTRAINT ";
        let start = sql.find(CLAUSE)? + CLAUSE.len();
        let name = identifiers_at(&sql[start..], 1).pop()?;
        let error = named(ErrorKind::Schema, format!("table `{shown}` has no constraint `{name}`"));
        return error.map(|error| error.with_constraint(name));
    }
    None
}

/// Whether a server has stumbled over the first word of a `MERGE`.
fn is_unknown_merge(code: &SqlState, sql: &str, position: usize) -> bool {
    *code == SqlState::SYNTAX_ERROR && position == 1 && sql.starts_with("MERGE ")
}

fn original_position(db: &DbError) -> usize {
    match db.position() {
        Some(ErrorPosition::Original(position)) => *position as usize,
        _ => 0,
    }
}

fn schema(db: &DbError, sql: &str, table: Option<&'static TableDef>) -> Option<Error> {
    let position = original_position(db);
    let code = db.code();
    if *code == SqlState::UNDEFINED_TABLE {
        let found = identifiers_at(sql, position).join(".");
        return Some(match (found.is_empty(), table) {
            (false, _) => undefined_table(found, table),
            (true, Some(model)) => undefined_table(model.display_name(), table),
            // DDL has no position: a foreign key leads to a table that is not there.
            (true, None) => {
                let message = format!("{}: is its model among those that are created?", db.message());
                Error::new(ErrorKind::Schema, message)
            }
        });
    }
    if *code == SqlState::UNDEFINED_COLUMN {
        let column = identifiers_at(sql, position).pop()?;
        return Some(undefined_column(&column, table));
    }
    if *code == SqlState::INVALID_SCHEMA_NAME {
        let message = format!("{}: create the schema, or look at the connection's search_path", db.message());
        return Some(Error::new(ErrorKind::Schema, message));
    }
    if *code == SqlState::UNDEFINED_OBJECT || *code == SqlState::WRONG_OBJECT_TYPE || is_of_a_lost_type(db) {
        let message = format!("the statement names what the database does not have: {}", db.message());
        return Some(Error::new(ErrorKind::Schema, message));
    }
    if *code == SqlState::DATATYPE_MISMATCH || *code == SqlState::UNDEFINED_FUNCTION {
        return wrong_type(db, sql, position, table);
    }
    None
}

fn undefined_table(name: String, table: Option<&'static TableDef>) -> Error {
    match table.filter(|table| table.name == name || table.display_name() == name) {
        Some(table) => Error::new(
            ErrorKind::Schema,
            format!(
                "table `{name}` of model `{0}` does not exist: create it with `engine.create_all::<{0}>()` or a migration, or look at the connection's search_path",
                table.model
            ),
        )
        .with_model(table.model)
        .with_table(name),
        None => Error::new(
            ErrorKind::Schema,
            format!("table `{name}` does not exist: create it with `create_all` or a migration"),
        )
        .with_table(name),
    }
}

fn undefined_column(column: &str, table: Option<&'static TableDef>) -> Error {
    let known = table.and_then(|table| table.column_index(column).map(|index| (table, &table.columns[index])));
    match known {
        Some((table, def)) => Error::new(
            ErrorKind::Schema,
            format!(
                "column `{0}.{column}` does not exist: field `{1}::{2}` needs it with type `{3}`; a migration must add it, `create_all` leaves a table that exists as it is",
                table.display_name(),
                table.model,
                def.field,
                def.ty.display()
            ),
        )
        .with_model(table.model)
        .with_table(table.display_name())
        .with_column(def.name),
        None => Error::new(ErrorKind::Schema, format!("column `{column}` does not exist; a migration must add it"))
            .with_column(column.to_owned()),
    }
}

/// A value or comparison of a type that the column does not have.
fn wrong_type(db: &DbError, sql: &str, position: usize, table: Option<&'static TableDef>) -> Option<Error> {
    let table = table?;
    let (column, found) = assigned_column(db.message())
        .or_else(|| compared_column(db.message(), sql, position))
        .filter(|(column, _)| table.column_index(column).is_some())?;
    let def = &table.columns[table.column_index(&column)?];
    let shown = format!("{}.{column}", table.display_name());
    Some(
        Error::new(
            ErrorKind::Schema,
            format!(
                "column `{shown}` is of type `{found}` in the database, but field `{}::{}` needs `{}`: change the field, or migrate the column",
                table.model,
                def.field,
                def.ty.display()
            ),
        )
        .with_model(table.model)
        .with_table(table.display_name())
        .with_column(column),
    )
}

/// From `column "c" is of type t but expression is of type u`: the names are the same in every language.
fn assigned_column(message: &str) -> Option<(String, String)> {
    let (_, rest) = message.split_once('"')?;
    let (column, rest) = rest.split_once('"')?;
    let (_, rest) = rest.split_once(" is of type ")?;
    let (found, _) = rest.split_once(" but ")?;
    Some((column.to_owned(), found.to_owned()))
}

/// From `operator does not exist: t = u`, whose position is that of the operator.
fn compared_column(message: &str, sql: &str, position: usize) -> Option<(String, String)> {
    let (_, types) = message.split_once(": ")?;
    // The name of a type may have spaces in it: it goes to the operator.
    let is_operator = |word: &&str| word.chars().all(|c| "=<>!~*+-/@#%^&|`?".contains(c));
    let found = types.split(' ').take_while(|word| !is_operator(word)).collect::<Vec<_>>().join(" ");
    let before: String = sql.chars().take(position.saturating_sub(1)).collect();
    let before = before.trim_end().strip_suffix('"')?;
    let start = before.rfind('"')?;
    Some((before[start + 1..].to_owned(), found))
}

/// The quoted identifiers that stand, joined by dots, at a position (counted from 1, in characters) of our own SQL.
fn identifiers_at(sql: &str, position: usize) -> Vec<String> {
    let mut rest = sql.chars().skip(position.saturating_sub(1)).peekable();
    let mut identifiers = Vec::new();
    while rest.next() == Some('"') {
        let mut name = String::new();
        loop {
            match rest.next() {
                Some('"') if rest.peek() == Some(&'"') => {
                    rest.next();
                    name.push('"');
                }
                Some('"') | None => break,
                Some(c) => name.push(c),
            }
        }
        identifiers.push(name);
        if rest.next() != Some('.') {
            break;
        }
    }
    identifiers
}

/// Whether the statement was prepared before its tables were altered.
pub(super) fn is_stale_plan(source: &tokio_postgres::Error) -> bool {
    const STALE: [SqlState; 4] = [
        SqlState::FEATURE_NOT_SUPPORTED,
        SqlState::INVALID_SQL_STATEMENT_NAME,
        SqlState::UNDEFINED_OBJECT,
        SqlState::WRONG_OBJECT_TYPE,
    ];
    source.as_db_error().is_some_and(|db| STALE.contains(db.code()) || is_of_a_lost_type(db))
}

/// Whether the server refused to run a statement because its result has other types than when it was prepared: it has the
/// code of what it does not support.
pub(crate) fn is_of_an_old_plan(error: &Error) -> bool {
    let server = error.source().and_then(|source| source.downcast_ref::<ServerError>());
    server.is_some_and(|server| server.is_of_an_old_plan)
}

/// Whether a statement has the number of a type that is gone. What the server did not foresee is in English, whatever its
/// language.
fn is_of_a_lost_type(db: &DbError) -> bool {
    *db.code() == SqlState::INTERNAL_ERROR && db.message().starts_with("cache lookup failed for type")
}

/// A type's name as DDL has it.
pub(super) fn type_name(ty: &Type) -> String {
    if let Kind::Array(member) = ty.kind() {
        return format!("{}[]", type_name(member));
    }
    let name = match ty.name() {
        "int2" => "smallint",
        "int4" => "integer",
        "int8" => "bigint",
        "float4" => "real",
        "float8" => "double precision",
        "bool" => "boolean",
        "bpchar" => "char",
        other => other,
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{SqlState, is_unknown_merge};

    #[test]
    fn a_server_that_knows_no_merge_stumbles_over_its_first_word() {
        let merge = "MERGE INTO \"course\" USING \"draft\" ON TRUE WHEN MATCHED THEN DELETE";
        assert!(is_unknown_merge(&SqlState::SYNTAX_ERROR, merge, 1));
        assert!(!is_unknown_merge(&SqlState::SYNTAX_ERROR, merge, 12));
        assert!(!is_unknown_merge(&SqlState::UNDEFINED_TABLE, merge, 1));
        assert!(!is_unknown_merge(&SqlState::SYNTAX_ERROR, "VALUES (1)", 1));
    }
}
