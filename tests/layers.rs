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
