//! The tidy test: what the layout promises, read from the sources.

use std::fs;
use std::path::{Path, PathBuf};

/// The layers of orm-core, each of which uses only those before it.
const LAYERS: [&str; 8] = ["error", "types", "schema", "sql", "compile", "engine", "query", "session"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// The Rust files below a folder of the workspace, with their paths relative to it.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).expect("below the root").display().to_string();
                found.push((name, fs::read_to_string(&path).expect("a text file")));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} has no sources");
    found
}

/// The lines of code: without comments and documentation, with their numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(i, line)| (i + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The layer that a file of orm-core belongs to.
fn layer(file: &str) -> Option<usize> {
    let rest = file.strip_prefix("orm-core/src/")?;
    let first = rest.split(['/', '.']).next()?;
    LAYERS.iter().position(|layer| *layer == first)
}

#[test]
fn each_layer_uses_only_those_before_it() {
    let mut wrong = Vec::new();
    for (file, text) in sources("orm-core/src") {
        let Some(own) = layer(&file) else { continue };
        for (number, line) in code(&text) {
            for part in line.split("crate::").skip(1) {
                let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if LAYERS.iter().position(|layer| *layer == name).is_some_and(|used| used > own) {
                    wrong.push(format!("{file}:{number}: {line}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "these reach to a layer on their right:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_engine_touches_the_driver() {
    let mut wrong = Vec::new();
    for (file, text) in sources("orm-core/src") {
        if file.starts_with("orm-core/src/engine/") {
            continue;
        }
        for (number, line) in code(&text) {
            // Values and rows are data; `raw` lends the client by its name.
            let data = file.starts_with("orm-core/src/types/") && !line.contains("Client");
            let lent = line.contains("tokio_postgres::Client") && line.contains("raw")
                || line.contains("pub use tokio_postgres");
            let names_driver = line.contains("tokio_postgres") || line.contains("deadpool");
            if names_driver && !data && !lent {
                wrong.push(format!("{file}:{number}: {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "the driver is the engine's:\n{}", wrong.join("\n"));
}

#[test]
fn sql_text_is_made_in_one_place() {
    let keywords = [
        "SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "DROP ", "ALTER ", "BEGIN", "COMMIT", "ROLLBACK",
        " FROM ", " WHERE ",
    ];
    let mut wrong = Vec::new();
    for (file, text) in sources("orm-core/src") {
        if file.starts_with("orm-core/src/compile/") {
            continue;
        }
        for (number, line) in code(&text) {
            let quoted: String = line.split('"').skip(1).step_by(2).collect::<Vec<_>>().join("\n");
            // Messages for people are in lower case, but for the name of a clause in the midst of one.
            let starts =
                quoted.lines().any(|text| keywords.iter().any(|keyword| text.starts_with(keyword.trim_start())));
            if starts {
                wrong.push(format!("{file}:{number}: {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "SQL outside the compile layer:\n{}", wrong.join("\n"));
}

/// What sends nothing that is noted, or only what was placed before: its file, its name, and why.
const WITHOUT_PLACE: [(&str, &str, &str); 6] = [
    ("engine/mod.rs", "raw", "lends a connection, on which the driver sends"),
    ("engine/test_transaction.rs", "test_transaction", "its engine, which is made by it, has no record before"),
    ("private.rs", "boxed", "generated code is called by what was placed"),
    ("query/projection.rs", "load", "generated code is called by what was placed"),
    ("query/stream.rs", "next", "the place is that of the stream"),
    ("session/mod.rs", "no_autoflush", "what the closure sends has places of its own"),
];

/// The signatures of the public functions of a file, and of those that awaiting calls, with the attributes before them.
fn signatures(text: &str) -> Vec<(usize, Vec<&str>, String)> {
    let lines: Vec<(usize, &str)> = code(text).map(|(number, line)| (number, line.trim())).collect();
    let is_function = |line: &str| {
        line.starts_with("pub fn ") || line.starts_with("pub async fn ") || line.starts_with("fn into_future(")
    };
    let mut found = Vec::new();
    for (at, (number, _)) in lines.iter().enumerate().filter(|(_, (_, line))| is_function(line)) {
        let attributes =
            lines[..at].iter().rev().map(|(_, line)| *line).take_while(|line| line.starts_with('#')).collect();
        let mut signature = String::new();
        for (_, line) in &lines[at..] {
            signature.push_str(line);
            signature.push(' ');
            if line.ends_with('{') || line.ends_with(';') || line.ends_with('}') {
                break;
            }
        }
        found.push((*number, attributes, signature));
    }
    found
}

#[test]
fn each_function_that_sends_notes_its_caller() {
    let futures = ["Future<", "Boxed<", "Copying<", "IntoFuture", "::Writing", "::Returned<", "::Explaining"];
    let (mut wrong, mut seen, mut excepted) = (Vec::new(), 0, Vec::new());
    for (file, text) in sources("orm-core/src") {
        for (number, attributes, signature) in signatures(&text) {
            let is_async = signature.contains("async fn ");
            let given = signature.split_once("->").map_or("", |(_, given)| given);
            let given = given.split(" where ").next().unwrap_or_default();
            if !is_async && !futures.iter().any(|future| given.contains(future)) {
                continue;
            }
            seen += 1;
            let name: String = signature.split_once("fn ").map_or("", |(_, rest)| rest).to_owned();
            let name: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if let Some(known) = WITHOUT_PLACE.iter().find(|known| file.ends_with(known.0) && name == known.1) {
                excepted.push(*known);
            } else if is_async || !attributes.contains(&"#[track_caller]") {
                wrong.push(format!("{file}:{number}: {name}"));
            }
        }
    }
    assert!(seen > 80, "{seen} functions are too few to be all");
    assert_eq!(excepted, WITHOUT_PLACE, "an exception is gone");
    assert!(
        wrong.is_empty(),
        "an `async fn` cannot see its caller, and a function that gives a future sees it by `#[track_caller]` alone:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_file_says_what_lives_in_it() {
    let mut wrong = Vec::new();
    for folder in ["orm-core/src", "orm-derive/src", "orm-guard/src", "orm-sandbox/src", "orm-examples/src", "tests"] {
        for (file, text) in sources(folder) {
            // What the compiler is to refuse begins with what a user would write.
            let is_case = file.starts_with("tests/ui") && !file.ends_with("ui.rs");
            if !is_case && !text.starts_with("//!") {
                wrong.push(file);
            }
        }
    }
    assert!(wrong.is_empty(), "these begin without `//!`:\n{}", wrong.join("\n"));
}

#[test]
fn nothing_is_left_undone() {
    let words = ["todo!", "unimplemented!(\"", "dbg!", "FIXME", "XXX", "#[ignore"];
    let mut wrong = Vec::new();
    for folder in ["orm-core/src", "orm-derive/src", "orm-guard/src", "orm-sandbox/src", "orm-examples/src", "tests"] {
        for (file, text) in sources(folder) {
            if file == "tests/layers.rs" {
                continue;
            }
            for (number, line) in text.lines().enumerate() {
                if words.iter().any(|word| line.contains(word)) {
                    wrong.push(format!("{file}:{}: {line}", number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "left undone:\n{}", wrong.join("\n"));
}

#[test]
fn the_examples_print_what_their_golden_files_have() {
    for program in ["course_homework", "school", "unit_of_work", "audit_log", "job_queue", "report"] {
        let output = std::process::Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--locked", "-p", "orm-examples", "--bin", program])
            .current_dir(root())
            .env_remove("DATABASE_URL")
            .output()
            .expect("cargo runs");
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        let golden = root().join("orm-examples/golden").join(format!("{program}.txt"));
        let expected = fs::read_to_string(&golden).expect("the golden file");
        assert_eq!(printed, expected, "{program} prints something else than {}", golden.display());
    }
}

#[test]
fn each_number_of_the_contract_has_a_test() {
    let contract = fs::read_to_string(root().join("docs/unit_of_work.md")).expect("the contract");
    let numbers: Vec<u32> =
        contract.lines().filter_map(|line| line.strip_prefix("- **U")?.split_once("**")?.0.parse().ok()).collect();
    assert_eq!(numbers, (1..=50).collect::<Vec<u32>>());
    let tests: String = sources("tests").into_iter().map(|(_, text)| text).collect();
    let named =
        |number: u32| tests.contains(&format!("fn u{number:02}_")) || tests.contains(&format!("_u{number:02}_"));
    let missing: Vec<u32> = numbers.into_iter().filter(|&number| !named(number)).collect();
    assert!(missing.is_empty(), "numbers without a test: {missing:?}");
}
