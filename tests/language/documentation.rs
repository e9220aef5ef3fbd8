//! `docs/queries.md` says what is sent: its Rust is compiled here (by the build script), and its SQL is that of the Rust.
//!
//! `ORM_BLESS=1` writes the SQL anew.

use std::fs;
use std::path::{Path, PathBuf};

#[allow(unused_imports, reason = "the examples decide what they need")]
use orm_core::prelude::*;

#[allow(unused_imports, reason = "the examples decide what they need")]
use crate::shop::{Customer, Line, Order};

include!(concat!(env!("OUT_DIR"), "/queries.rs"));

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/queries.md")
}

/// The block of SQL behind the block of Rust that begins at a line, as a range of lines.
fn sql_behind(lines: &[&str], line: usize) -> std::ops::Range<usize> {
    let fence = |from: usize, what: &str| {
        let found = lines[from..].iter().position(|text| text.starts_with(what));
        from + found.expect("a block ends, and another one follows")
    };
    let start = fence(line, "```sql") + 1;
    start..fence(start, "```")
}

/// A statement as one line: the documentation breaks what is long.
fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_documentation_has_the_sql_that_is_sent() {
    let text = fs::read_to_string(path()).expect("the documentation");
    let lines: Vec<&str> = text.lines().collect();
    let mut wrong = Vec::new();
    for (line, sql) in examples() {
        let documented = lines[sql_behind(&lines, line)].join("\n");
        if one_line(&documented) != one_line(&sql) {
            wrong.push((line, documented, sql));
        }
    }
    if std::env::var_os("ORM_BLESS").is_some() && !wrong.is_empty() {
        return bless(&lines, &wrong);
    }
    let shown: Vec<String> = wrong
        .iter()
        .map(|(line, documented, sql)| {
            format!("docs/queries.md:{line}\n  documented: {documented}\n  sent:       {sql}")
        })
        .collect();
    assert!(wrong.is_empty(), "ORM_BLESS=1 writes these anew:\n{}", shown.join("\n"));
}

fn bless(lines: &[&str], wrong: &[(usize, String, String)]) {
    let mut out: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
    for (line, _, sql) in wrong.iter().rev() {
        out.splice(sql_behind(lines, *line), broken(sql));
    }
    fs::write(path(), out.join("\n") + "\n").expect("the documentation can be written");
}

/// A statement in lines of its clauses, where it is long.
fn broken(sql: &str) -> Vec<String> {
    const WIDTH: usize = 110;
    let mut lines = vec![sql.to_owned()];
    for clause in [" FROM ", " WHERE ", " UNION ", " ORDER BY ", " GROUP BY ", " RETURNING ", " ON CONFLICT ", " AND "]
    {
        lines = lines
            .into_iter()
            .flat_map(|line| if line.len() > WIDTH { cut(&line, clause) } else { vec![line] })
            .collect();
    }
    lines
}

/// Cuts a line before each occurrence of a clause.
fn cut(line: &str, clause: &str) -> Vec<String> {
    let mut parts = line.split(clause);
    let first = parts.next().unwrap_or_default().to_owned();
    std::iter::once(first).chain(parts.map(|part| format!("{}{part}", clause.trim_start()))).collect()
}

#[test]
fn each_number_of_the_contract_is_documented_and_has_a_test() {
    let text = fs::read_to_string(path()).expect("the documentation");
    let numbers: Vec<u32> =
        text.lines().filter_map(|line| line.strip_prefix("### Q")?.split_once(' ')?.0.parse().ok()).collect();
    assert_eq!(numbers, (1..=36).collect::<Vec<u32>>());
    let tests = tests_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("language"));
    let missing: Vec<u32> =
        numbers.into_iter().filter(|number| !tests.contains(&format!("fn q{number:02}_"))).collect();
    assert!(missing.is_empty(), "numbers without a test: {missing:?}");
}

fn tests_of(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("a folder of tests") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            text += &tests_of(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &fs::read_to_string(&path).expect("a text file");
        }
    }
    text
}
