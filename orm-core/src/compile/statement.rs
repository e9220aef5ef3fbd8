//! [`SqlStatement`]: a statement as it would be sent, for those who want to look at it.

use std::fmt;

use super::Compiled;
use crate::types::{Value, readable};

/// A statement as it would be sent: its text, and its parameters with their types.
///
/// It is what `to_statement` of a query, an update or a delete gives. Neither `Debug` nor `Display` shows a value.
///
/// ```
/// # use orm_core::prelude::*;
/// # #[derive(Model, Debug, Clone)]
/// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String }
/// # fn main() -> orm_core::Result<()> {
/// let statement = query::<Course>().filter(Course::name.eq("Python")).limit(1).to_statement()?;
/// assert_eq!(
///     statement.sql(),
///     r#"SELECT "course"."id", "course"."name" FROM "course" WHERE "course"."name" = $1 LIMIT 1"#,
/// );
/// let param = statement.params().next().expect("the name");
/// assert_eq!(param.to_string(), "$1: text");
/// assert_eq!(param.reveal(), "'Python'");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a statement is looked at, and not run"]
pub struct SqlStatement {
    compiled: Compiled,
}

impl SqlStatement {
    pub(crate) fn new(compiled: Compiled) -> Self {
        Self { compiled }
    }

    /// Its text, with `$1`, `$2`, … for its parameters.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.compiled.sql
    }

    /// Its parameters, in order.
    pub fn params(&self) -> impl ExactSizeIterator<Item = Param<'_>> {
        self.compiled.numbered_params()
    }
}

impl Compiled {
    pub(crate) fn numbered_params(&self) -> impl ExactSizeIterator<Item = Param<'_>> {
        self.params.iter().enumerate().map(|(position, value)| Param {
            number: position + 1,
            value,
            is_sensitive: self.sensitive.contains(&position),
        })
    }
}

/// A parameter of a statement. `Display` shows its place and its type; its value is shown by [`reveal`](Self::reveal)
/// alone.
#[derive(Clone, Copy)]
pub struct Param<'s> {
    number: usize,
    value: &'s Value,
    is_sensitive: bool,
}

impl<'s> Param<'s> {
    /// Its number, counted from 1: 2 is that of `$2`.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// Its PostgreSQL type: `integer`, `text[]`. Of a column with a `sql_type` of its own, that of the field.
    #[must_use]
    pub fn sql_type(&self) -> String {
        let ty = self.value.type_def().display();
        if self.value.is_array() { format!("{ty}[]") } else { ty }
    }

    /// Whether it is NULL.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.value.is_null()
    }

    /// Whether it is compared with a column that the model says is `sensitive`, or assigned to one.
    ///
    /// All values of a condition that names such a column count as its own.
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        self.is_sensitive
    }

    /// The value in its binary form.
    #[must_use]
    pub fn value(&self) -> &'s Value {
        self.value
    }

    /// The value as a person reads it, nearly as SQL writes it: `'Python'`, `42`, `NULL`, `['a', 'b']`, and `'\x…'` of
    /// bytes and of types that are not known here. It shows sensitive values, too: the caller has asked for them.
    #[must_use]
    pub fn reveal(&self) -> String {
        readable(self.value)
    }
}

impl fmt::Display for SqlStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sql())
    }
}

/// Shows the text, and the types of the parameters.
impl fmt::Debug for SqlStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sql())?;
        f.write_str(" ")?;
        f.debug_list().entries(self.params()).finish()
    }
}

impl fmt::Display for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}: {}", self.number, self.sql_type())
    }
}

/// Like `Display`, which does not show the value either.
impl fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a statement does, by its first word. Of one that begins with `WITH`, by the first word of what the queries are
/// for; if that reads what a query has written, by the first word of the query.
pub(crate) fn operation(sql: &str) -> &str {
    let word = first_word(sql);
    if word == "WITH" { verb_behind_with(sql).unwrap_or(word) } else { word }
}

/// Whether a statement begins or ends a transaction or a savepoint.
pub(crate) fn is_of_transactions(sql: &str) -> bool {
    matches!(operation(sql), "BEGIN" | "COMMIT" | "ROLLBACK" | "SAVEPOINT" | "RELEASE")
}

/// Whether a statement gives rows because it only reads.
pub(crate) fn is_reading(sql: &str) -> bool {
    matches!(operation(sql), "SELECT" | "EXPLAIN" | "VALUES" | "SHOW")
}

fn first_word(sql: &str) -> &str {
    &sql[..sql.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(sql.len())]
}

/// The first verb outside of parentheses and quotes; instead of `SELECT`, the first verb with which something is written
/// directly inside of parentheses.
fn verb_behind_with(sql: &str) -> Option<&str> {
    let (mut depth, mut quote, mut written) = (0usize, None, None);
    for (at, c) in sql.char_indices() {
        let verb = || Some(first_word(&sql[at + 1..])).filter(|word| VERBS.contains(word));
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => {
                written = written.or_else(|| verb().filter(|verb| depth == 0 && *verb != "SELECT"));
                depth += 1;
            }
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ' ') if depth == 0 => match verb() {
                Some("SELECT") => return written.or(Some("SELECT")),
                Some(verb) => return Some(verb),
                None => {}
            },
            (None, _) => {}
        }
    }
    None
}

const VERBS: [&str; 5] = ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"];

#[cfg(test)]
mod tests {
    use super::operation;

    #[test]
    fn the_operation_of_a_statement_is_that_of_its_main_part() {
        assert_eq!(operation("BEGIN"), "BEGIN");
        assert_eq!(operation("SELECT 1"), "SELECT");
        let cte = r#"WITH "a INSERT b" AS (INSERT INTO "t" VALUES ('(') RETURNING "x") SELECT "x" FROM "a INSERT b""#;
        assert_eq!(operation(cte), "INSERT");
        assert_eq!(operation(r#"WITH "a" AS (SELECT (1)) SELECT "x" FROM "a""#), "SELECT");
        assert_eq!(operation(r#"WITH "a" AS (SELECT 1), "b" AS (DELETE FROM "t") SELECT 1"#), "DELETE");
        assert_eq!(operation("WITH x AS (SELECT 1) DELETE FROM t"), "DELETE");
        assert_eq!(operation(""), "");
    }
}
