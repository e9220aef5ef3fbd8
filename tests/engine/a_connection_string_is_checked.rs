//! A connection string is checked when the engine is made; what is wrong is named, the password never.

use orm_core::{Engine, ErrorKind, TlsMode};

use crate::said;

const SECRETS: &[&str] = &["s3cret", "s3c", "ret"];

#[track_caller]
fn refused(dsn: &str, parts: &[&str]) {
    let error = Engine::new(dsn).expect_err(dsn);
    said::check(&error, ErrorKind::Config, parts, SECRETS);
    let builder = Engine::builder().dsn(dsn);
    assert!(!format!("{builder:?}").contains("s3c"), "{builder:?}");
}

#[test]
fn the_scheme() {
    refused("mysql://root:s3cret@localhost/db", &["unknown scheme `mysql`", "postgresql"]);
    refused("postgresql+psycopg2://postgres:s3cret@localhost/db", &["unknown scheme `postgresql+psycopg2`", "driver"]);
    refused("POSTGRESQL://postgres:s3cret@localhost/db", &["unknown scheme `POSTGRESQL`"]);
    refused("://postgres:s3cret@localhost/db", &["scheme"]);
    refused("postgresql:postgres:s3cret@localhost/db", &["malformed connection string"]);
    refused("postgresql:/postgres:s3cret@localhost/db", &["malformed connection string"]);
}

#[test]
fn what_is_no_connection_string() {
    refused("", &["names no user"]);
    refused("   ", &["names no user"]);
    refused("localhost", &["malformed connection string"]);
    refused("postgres:s3cret@localhost/db", &["malformed connection string"]);
    refused("postgres:s3c=ret@localhost/db", &["malformed connection string", "postgresql://"]);
    refused("host=localhost user=postgres password='s3cret", &["malformed connection string"]);
    refused("host=localhost user=postgres password=s3 cret", &["malformed connection string"]);
    refused("\0", &["malformed connection string"]);
}

#[test]
fn its_parts() {
    refused("postgresql://postgres:s3cret@localhost:port/db", &["malformed connection string", "`port`"]);
    refused("postgresql://postgres:s3cret@localhost:65536/db", &["`port`"]);
    refused("postgresql://postgres:s3cret@localhost:-1/db", &["`port`"]);
    refused("postgresql://postgres:s3cret@/db", &["names no host"]);
    refused("postgresql:///db", &["names no user"]);
    refused("postgresql://localhost/db", &["names no user"]);
    refused("postgresql://:s3cret@localhost/db", &["names no user"]);
    refused("user=postgres password=s3cret", &["names no host"]);
    refused("host=localhost password=s3cret", &["names no user"]);
    refused("postgresql://postgres:s3cret@localhost/db?colour=red", &["unknown option `colour`"]);
    refused("host=localhost user=postgres password=s3cret colour=red", &["unknown option `colour`"]);
    refused("postgresql://postgres:s3cret@localhost/db?connect_timeout=soon", &["`connect_timeout`"]);
    refused("postgresql://postgres:s3cret@localhost/db?connect_timeout", &["malformed connection string"]);
    refused("postgresql://postgres:s3cret@[::1/db", &["`host`"]);
    refused("postgresql://postgres:s3cret@localhost/%ff", &["malformed connection string"]);
}

/// The first `@` ends the password: what follows would be taken for the host, and shown as such.
#[test]
fn an_at_sign_in_the_password() {
    refused("postgresql://postgres:my@s3cret@localhost/db", &["`@`", "%40"]);
    refused("postgresql://postgres:s3cret@@localhost/db", &["`@`", "%40"]);
    refused("postgresql://postgres:@s3cret:ret@localhost/db", &["`port`"]);
    Engine::new("postgresql://postgres:my%40s3cret@localhost/db").expect("this is how it is written");
}

#[test]
fn encryption() {
    refused("postgresql://postgres:s3cret@localhost/db?sslmode=maybe", &["`sslmode`"]);
    refused("postgresql://postgres:s3cret@localhost/db?sslmode=require&sslrootcert=/nowhere", &["`/nowhere`"]);
    refused("host=localhost user=postgres password=s3cret sslmode=maybe", &["`sslmode`"]);
    Engine::builder()
        .dsn("postgresql://postgres:s3cret@localhost/db?sslmode=require")
        .tls(TlsMode::Disable)
        .build()
        .expect("the setting wins");
    Engine::new("postgresql://postgres:s3cret@localhost/db?sslmode=prefer").expect("prefers");
    Engine::new("postgresql://postgres:s3cret@localhost/db?sslmode=disable").expect("does not want to");
}

#[test]
fn settings_that_cannot_be() {
    let error = Engine::builder().build().unwrap_err();
    said::check(&error, ErrorKind::Config, &["no connection string", "`dsn`"], &[]);
    let error = Engine::builder().dsn("postgresql://postgres:s3cret@localhost/db").pool_size(0).build().unwrap_err();
    said::check(&error, ErrorKind::Config, &["pool_size"], SECRETS);
    let error =
        Engine::builder().dsn("postgresql://postgres:s3cret@localhost/db").pool_size(usize::MAX).build().unwrap_err();
    said::check(&error, ErrorKind::Config, &["pool_size"], SECRETS);
    Engine::builder()
        .dsn("postgresql://postgres@localhost/db")
        .connect_timeout(std::time::Duration::MAX)
        .wait_timeout(std::time::Duration::MAX)
        .build()
        .expect("patience is no mistake");
}

#[test]
fn what_an_engine_shows_of_itself() {
    for dsn in [
        "postgresql://postgres:s3cret@localhost:5433/db",
        "postgres://postgres:s3cret@localhost:5433/db",
        "host=localhost user=postgres port=5433 dbname=db password='s3cret'",
    ] {
        let engine = Engine::new(dsn).expect(dsn);
        assert_eq!(format!("{engine:?}"), "Engine(database `db` on localhost:5433)");
        assert_eq!((engine.connections(), engine.idle_connections()), (0, 0));
    }
    let several = Engine::new("postgresql://me@a:1,b,[::1]:3/").expect("several hosts");
    assert_eq!(format!("{several:?}"), "Engine(database `me` on a:1, b:5432, ::1:3)");
}
