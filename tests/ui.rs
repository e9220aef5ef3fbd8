//! What must not compile, with the compiler's words, and what must.
//!
//! One case a file: those of `ui` are refused, with the text of `.stderr` beside them (those of `ui/when_built` not by
//! `cargo check`, but when code is made); those of `ui_pass` compile and run. The texts are those of one version of the compiler. With another one only the refusals count.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of the compiler whose words the `.stderr` files have.
const PINNED: &str = "1.95.0";

/// Where the cases without texts are, for a process that is to look at the refusals alone.
const WITHOUT_TEXTS: &str = "ORM_UI_WITHOUT_TEXTS";

/// The longest text that a mistake may get, in lines, and those that get a longer one. What these have is several errors
/// for one mistake, or words that are the compiler's own.
const LONGEST: usize = 30;
const LONGER: [&str; 15] = [
    "a_column_of_a_child_that_was_forgotten",
    "a_column_of_a_parent_that_was_forgotten",
    "a_column_that_is_an_array_of_what_is_none",
    "a_field_that_is_no_column",
    "a_key_of_another_type",
    "a_model_that_is_not_clone",
    "a_native_enum_that_was_not_derived",
    "a_query_of_a_subquery_that_selects_nothing",
    "a_query_that_nobody_runs",
    "a_subquery_of_rows_with_whole_models",
    "an_embedded_struct_without_its_derive",
    "rows_of_a_subquery_that_nobody_runs",
    "several_columns_that_were_forgotten",
    "whole_models_after_a_full_join_given_to_an_engine",
    "whole_models_after_a_right_join",
];

#[test]
fn ui() {
    let version = rustc_version();
    if let Some(folder) = std::env::var_os(WITHOUT_TEXTS) {
        return run(Path::new(&folder));
    }
    if version == PINNED {
        return run(Path::new("ui"));
    }
    eprintln!("the expected texts are those of rustc {PINNED}, and this is {version}: cases only have to be refused");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    copy_without_texts(&manifest_dir().join("ui"), &folder);
    // A case without a text is given the one that it gets, so that nothing but a refusal is asked for.
    let status = Command::new(std::env::current_exe().expect("this program has a path"))
        .args(["ui", "--exact", "--nocapture"])
        .args(std::env::args().filter(|argument| argument.starts_with("trybuild=")))
        .env(WITHOUT_TEXTS, &folder)
        .env("TRYBUILD", "overwrite")
        .status()
        .expect("this program can be started again");
    assert!(status.success(), "a case of `ui` is not refused by rustc {version}, or one of `ui_pass` is");
}

/// First what is refused by its types: without cases that pass, trybuild checks all of them at once. With such cases it
/// builds one after the other, which is what finds a table that is joined twice.
fn run(refused: &Path) {
    let checked = trybuild::TestCases::new();
    checked.compile_fail(refused.join("*.rs"));
    drop(checked);
    let built = trybuild::TestCases::new();
    built.compile_fail(refused.join("when_built/*.rs"));
    built.pass("ui_pass/*.rs");
}

fn rustc_version() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("rustc tells its version");
    let text = String::from_utf8(output.stdout).expect("the version is text");
    text.split_whitespace().nth(1).expect("`rustc <version>`").to_owned()
}

fn copy_without_texts(from: &Path, to: &Path) {
    if to.exists() {
        fs::remove_dir_all(to).expect("the copy from before can be removed");
    }
    for folder in ["", "support", "when_built"] {
        fs::create_dir_all(to.join(folder)).expect("a folder can be made");
        for file in files(&from.join(folder), "rs") {
            fs::copy(from.join(folder).join(&file), to.join(folder).join(&file)).expect("a case can be copied");
        }
    }
}

#[test]
fn every_mistake_of_the_list_has_its_case() {
    let contributing = fs::read_to_string(manifest_dir().join("../CONTRIBUTING.md")).expect("CONTRIBUTING.md");
    let listed: Vec<String> = contributing
        .split("\n## ")
        .find(|section| section.starts_with("Mistakes that do not compile"))
        .expect("the section `Mistakes that do not compile`")
        .lines()
        .filter_map(|line| line.strip_suffix("` |")?.rsplit_once("| `").map(|(_, case)| case.to_owned()))
        .collect();
    let rows: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(rows.len(), listed.len(), "a case has two rows in CONTRIBUTING.md");
    let cases = cases("rs");
    assert!(
        rows == cases,
        "CONTRIBUTING.md and tests/ui differ; rows without a case: {:?}; cases without a row: {:?}",
        rows.difference(&cases).collect::<Vec<_>>(),
        cases.difference(&rows).collect::<Vec<_>>(),
    );
}

#[test]
fn every_case_has_its_text() {
    assert_eq!(cases("rs"), cases("stderr"), "every case of tests/ui has a text, and every text a case");
}

#[test]
fn texts_are_short_and_name_no_machine() {
    let mut wrong = Vec::new();
    for case in cases("stderr") {
        let text = fs::read_to_string(manifest_dir().join("ui").join(format!("{case}.stderr"))).expect("a text");
        let lines = text.lines().count();
        if (lines > LONGEST) != LONGER.contains(&case.as_str()) {
            wrong.push(format!("{case}: {lines} lines"));
        }
        // The sources of the standard library are shown where they are installed, those of a dependency change with it.
        for place in ["--> /", "$RUST", "$CARGO", "/home/", "/root/", "/tmp/", "registry"] {
            if text.contains(place) {
                wrong.push(format!("{case}: has `{place}`"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "longer than {LONGEST} lines, or not listed as such, or of one machine:\n{}",
        wrong.join("\n")
    );
}

fn manifest_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The cases that have a file with this extension, by their paths below `tests/ui`.
fn cases(extension: &str) -> BTreeSet<String> {
    let ui = manifest_dir().join("ui");
    let checked = files(&ui, extension);
    let built = files(&ui.join("when_built"), extension).into_iter().map(|file| format!("when_built/{file}"));
    let without = |file: String| file.trim_end_matches(&format!(".{extension}")).to_owned();
    checked.into_iter().chain(built).map(without).collect()
}

fn files(folder: &Path, extension: &str) -> Vec<String> {
    fs::read_dir(folder)
        .expect("a folder of cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension() == Some(OsStr::new(extension)))
        .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
        .collect()
}
