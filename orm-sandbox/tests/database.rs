//! Databases: their own, of any number, and dropped.

mod common;

use std::{collections::HashSet, thread};

use common::{ask, connect};
use orm_sandbox::{ErrorKind, Sandbox};

const CREATE: &str = "CREATE TABLE student (id int PRIMARY KEY); INSERT INTO student VALUES (1)";

#[test]
fn databases_are_isolated_from_one_another() {
    let sandbox = Sandbox::shared().unwrap();
    let (one, other) = (sandbox.database().unwrap(), sandbox.database().unwrap());
    connect(one.url()).batch_execute(CREATE).unwrap();
    let sql = "SELECT coalesce(to_regclass('student')::text, 'absent')";
    assert_eq!(ask(one.url(), sql), "student");
    assert_eq!(ask(other.url(), sql), "absent");
}

#[test]
fn databases_are_created_used_and_dropped_in_parallel() {
    let sandbox = Sandbox::shared().unwrap();
    let use_one = || {
        let database = sandbox.database().unwrap();
        connect(database.url()).batch_execute(CREATE).unwrap();
        assert_eq!(ask(database.url(), "SELECT count(*)::text FROM student"), "1");
        database.name().to_owned()
    };
    let names: HashSet<String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..12).map(|_| scope.spawn(use_one)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(names.len(), 12);
    let mut client = connect(&sandbox.url("postgres"));
    for name in names {
        assert!(client.query("SELECT FROM pg_database WHERE datname = $1", &[&name]).unwrap().is_empty());
    }
}

#[test]
fn a_database_is_dropped_in_spite_of_connections() {
    let sandbox = Sandbox::shared().unwrap();
    let database = sandbox.database().unwrap();
    let name = database.name().to_owned();
    let mut client = connect(database.url());
    drop(database);
    assert!(client.batch_execute("SELECT 1").is_err());
    let sql = format!("SELECT count(*)::text FROM pg_database WHERE datname = '{name}'");
    assert_eq!(ask(&sandbox.url("postgres"), &sql), "0");
}

#[test]
fn a_database_can_be_copied_from_another() {
    let sandbox = Sandbox::shared().unwrap();
    let template = sandbox.database().unwrap();
    connect(template.url()).batch_execute(CREATE).unwrap();
    let copy = sandbox.database_from(template.name()).unwrap();
    connect(copy.url()).batch_execute("INSERT INTO student VALUES (2)").unwrap();
    assert_eq!(ask(copy.url(), "SELECT count(*)::text FROM student"), "2");
    assert_eq!(ask(template.url(), "SELECT count(*)::text FROM student"), "1");
}

#[test]
fn a_template_that_does_not_exist_is_an_error_of_the_database() {
    let error = Sandbox::shared().unwrap().database_from("no \"such\"").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Database);
    assert!(error.to_string().contains("CREATE DATABASE"), "{error}");
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.downcast_ref::<postgres::Error>().unwrap().code().is_some());
}

#[test]
fn the_statement_is_the_documented_one() {
    let sandbox = Sandbox::builder().setting("log_statement", "ddl").start().unwrap();
    let database = sandbox.database().unwrap();
    let log = std::fs::read_to_string(sandbox.dir().join("log")).unwrap();
    let name = database.name();
    let expected = format!(r#"CREATE DATABASE "{name}" TEMPLATE "template0""#);
    assert!(log.contains(&expected), "{log}");
    let major: u32 = sandbox.version().split('.').next().unwrap().parse().unwrap();
    assert_eq!(log.contains("STRATEGY FILE_COPY"), major >= 15);
}

#[test]
fn url_and_dsn_lead_to_the_same_database() {
    let sandbox = Sandbox::shared().unwrap();
    let database = sandbox.database().unwrap();
    for target in [database.url().to_owned(), database.dsn(), sandbox.url(database.name())] {
        assert_eq!(ask(&target, "SELECT current_database()::text"), database.name());
    }
}

#[test]
fn names_in_urls_may_hold_any_characters() {
    let sandbox = Sandbox::shared().unwrap();
    let name = format!("wéird/name %{}", std::process::id());
    let mut client = connect(&sandbox.url("postgres"));
    client.batch_execute(&format!("CREATE DATABASE \"{name}\"")).unwrap();
    assert_eq!(ask(&sandbox.url(&name), "SELECT current_database()::text"), name);
    client.batch_execute(&format!("DROP DATABASE \"{name}\"")).unwrap();
}
