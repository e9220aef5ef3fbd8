//! What the environment of a process changes, and what it must not disturb.

#![allow(clippy::unwrap_used, reason = "a test fails where its tools fail")]

mod common;

use std::{
    env, fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use common::{Owner, ask};
use orm_sandbox::{ErrorKind, Sandbox};

#[test]
fn child() {
    common::child();
}

#[test]
fn rubbish_in_variables_of_postgresql_does_not_disturb() {
    let names = ["PGDATA", "PGPORT", "PGHOST", "PGUSER", "PGOPTIONS", "PGDATABASE", "PGPASSWORD"];
    let rubbish = names.map(|name| (name, "/no where"));
    let others = [("LC_ALL", "tlh_QO"), ("LANG", "tlh_QO"), ("TZ", "Mars/Phobos")];
    let owner = Owner::spawn_with("start", &[&rubbish[..], &others[..]].concat());
    assert_eq!(ask(&owner.url, "SHOW timezone"), "UTC");
}

#[test]
fn pg_bin_without_a_server_is_an_error_that_names_it() {
    let folder = empty_folder("pg-bin");
    let error = failure(&[("PG_BIN", text(&folder))]);
    assert!(error.starts_with("error NoServer: "), "{error}");
    assert!(error.contains("PG_BIN") && error.contains(text(&folder)), "{error}");
    fs::remove_dir(&folder).unwrap();
}

#[test]
fn pg_bin_is_used() {
    let sandbox = Sandbox::shared().unwrap();
    let owner = Owner::spawn_with("start", &[("PG_BIN", text(sandbox.bin_dir())), ("PATH", "/no")]);
    assert_eq!(ask(&owner.url, "SELECT 'up'"), "up");
}

#[test]
fn a_folder_given_to_the_builder_is_used_or_an_error() {
    let folder = empty_folder("given");
    let error = Sandbox::builder().binaries(&folder).start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoServer);
    assert!(error.to_string().contains(text(&folder)), "{error}");
    fs::remove_dir(&folder).unwrap();

    let sandbox = Sandbox::shared().unwrap();
    let given = Sandbox::builder().binaries(sandbox.bin_dir()).start().unwrap();
    assert_eq!(given.bin_dir(), sandbox.bin_dir());
}

#[test]
fn a_machine_without_a_server_is_told_how_to_get_one() {
    let cache = empty_folder("cache");
    let error =
        failure(&[("ORM_SANDBOX_ONLY_CACHE", "1"), ("ORM_SANDBOX_OFFLINE", "1"), ("ORM_SANDBOX_CACHE", text(&cache))]);
    assert!(error.starts_with("error NoServer: "), "{error}");
    for way in ["ORM_SANDBOX_OFFLINE", "PG_BIN", "DATABASE_URL", "apt install postgresql"] {
        assert!(error.contains(way), "{way}: {error}");
    }
    fs::remove_dir(&cache).unwrap();
}

#[test]
fn a_folder_of_the_path_with_half_of_postgresql_is_passed_over() {
    let sandbox = Sandbox::shared().unwrap();
    let folder = empty_folder("half");
    symlink(sandbox.bin_dir().join("postgres"), folder.join("postgres")).unwrap();
    let path = env::join_paths([folder.as_path(), sandbox.bin_dir()]).unwrap();
    let owner = Owner::spawn_with("start", &[("PATH", path.to_str().unwrap())]);
    assert_eq!(ask(&owner.url, "SELECT 'up'"), "up");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_temporary_folder_with_a_long_name_is_no_obstacle() {
    let folder = empty_folder(&"long-".repeat(20));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o1777)).unwrap();
    let variables = [("TMPDIR", text(&folder))];
    for wish in ["start", "shared"] {
        let owner = Owner::spawn_with(wish, &variables);
        assert_eq!(ask(&owner.url, "SELECT 'up'"), "up");
        let (dir, server) = (owner.dir.clone(), owner.server);
        drop(owner);
        common::assert_gone(&dir, server);
    }
    assert!(common::wait_until(|| fs::read_dir(&folder).unwrap().count() == 0));
    fs::remove_dir(&folder).unwrap();
}

fn failure(variables: &[(&str, &str)]) -> String {
    match Owner::try_spawn("start", variables) {
        Ok(owner) => panic!("started in {}", owner.dir.display()),
        Err(error) => error,
    }
}

fn empty_folder(name: &str) -> PathBuf {
    let path = env::temp_dir().join(format!("orm-sandbox-test-{name}-{}", std::process::id()));
    fs::create_dir_all(&path).unwrap();
    path
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
