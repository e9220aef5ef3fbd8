//! Makes a program of the examples of `docs/queries.md`, so that its Rust is compiled and its SQL compared.
//!
//! An example is a block of Rust whose last expression has a `to_sql`, followed by a block of SQL. A block of Rust that is
//! followed by none is compiled alone, as the body of a function that may await and has `engine` and `session`.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/queries.md");
    println!("cargo::rerun-if-changed={}", docs.display());
    println!("cargo::rerun-if-changed=build.rs");
    let text = fs::read_to_string(&docs).expect("docs/queries.md is there");
    let out = Path::new(&env::var_os("OUT_DIR").expect("cargo says where")).join("queries.rs");
    fs::write(out, program(&text)).expect("the program can be written");
}

/// A block of code: its language, the line it begins at, and its text.
struct Block {
    language: String,
    line: usize,
    text: String,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(language), None) => {
                open = Some(Block { language: language.to_owned(), line: number + 2, text: String::new() });
            }
            (Some(_), Some(block)) => found.push(block),
            (None, Some(mut block)) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    found
}

fn program(text: &str) -> String {
    let blocks = blocks(text);
    let (mut examples, mut rest) = (String::new(), String::new());
    for (i, block) in blocks.iter().enumerate().filter(|(_, block)| block.language == "rust") {
        let (line, code) = (block.line, &block.text);
        match blocks.get(i + 1).filter(|next| next.language == "sql") {
            Some(_) => writeln!(examples, "    examples.push(({line}, {{\n{code}}}.to_sql()));"),
            None => writeln!(
                rest,
                "#[allow(unused, clippy::all, clippy::print_stdout)]\nasync fn line_{line}(engine: &Engine, session: &mut Session) -> Result<(), Box<dyn std::error::Error>> {{\n{code}Ok(())\n}}\n"
            ),
        }
        .expect("a String takes any text");
    }
    format!(
        "#[allow(unused, clippy::all, clippy::print_stdout)]\nfn examples() -> Vec<(usize, String)> {{\n    let mut examples: Vec<(usize, String)> = Vec::new();\n{examples}    examples\n}}\n\n{rest}"
    )
}
