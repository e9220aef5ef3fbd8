//! No server, another server's password, no such database: a `Connection` error that says where, and no password.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use orm_core::{Engine, ErrorKind};
use orm_sandbox::Sandbox;
use orm_tests::TestDb;

use crate::said;

#[tokio::test]
async fn nobody_listens() -> orm_core::Result<()> {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    let engine = Engine::new(&format!("postgresql://postgres:s3cret@127.0.0.1:{port}/db"))?;
    let error = engine.raw().await.expect_err("nobody");
    let place = format!("could not connect to database `db` on 127.0.0.1:{port}: ");
    said::check(&error, ErrorKind::Connection, &[&place, "refused"], &["s3cret", "postgres:"]);
    let engine = Engine::new("postgresql://postgres@%2Fnowhere/db")?;
    said::check(&engine.raw().await.expect_err("nobody"), ErrorKind::Connection, &["on /nowhere:5432: "], &[]);
    Ok(())
}

#[tokio::test]
async fn a_host_that_does_not_exist() -> orm_core::Result<()> {
    let engine = Engine::new("postgresql://postgres:s3cret@nowhere.invalid/db")?;
    said::check(
        &engine.raw().await.expect_err("nowhere"),
        ErrorKind::Connection,
        &["nowhere.invalid:5432"],
        &["s3cret"],
    );
    Ok(())
}

/// It accepts, and says nothing.
#[tokio::test]
async fn a_server_that_is_silent() -> orm_core::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let engine = Engine::builder()
        .dsn(format!("postgresql://postgres:s3cret@127.0.0.1:{port}/db"))
        .connect_timeout(Duration::from_millis(300))
        .build()?;
    let started = Instant::now();
    let error = engine.raw().await.expect_err("silence");
    said::check(&error, ErrorKind::Connection, &["could not connect to database `db`", "300ms"], &["s3cret"]);
    assert!(started.elapsed() < Duration::from_secs(5));
    // The connection string may say it too.
    let engine = Engine::new(&format!("postgresql://postgres@127.0.0.1:{port}/db?connect_timeout=1"))?;
    let started = Instant::now();
    said::check(&engine.raw().await.expect_err("silence"), ErrorKind::Connection, &["1s"], &[]);
    assert!(started.elapsed() < Duration::from_secs(4));
    Ok(())
}

#[tokio::test]
async fn what_listens_is_no_postgresql() -> orm_core::Result<()> {
    use std::io::Write;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(1) {
            let _ = stream.and_then(|mut stream| stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
        }
    });
    let engine = Engine::new(&format!("postgresql://postgres:s3cret@127.0.0.1:{port}/db"))?;
    said::check(&engine.raw().await.expect_err("HTTP"), ErrorKind::Connection, &["127.0.0.1"], &["s3cret"]);
    Ok(())
}

#[tokio::test]
async fn a_wrong_password() -> orm_core::Result<()> {
    let sandbox = Sandbox::builder().tcp(true).shared().expect("a server with a password");
    let url = sandbox.url("postgres");
    Engine::new(&url)?.raw().await?;
    let (_, place) = url.rsplit_once('@').expect("a place");
    let engine = Engine::new(&format!("postgresql://postgres:s3cret@{place}"))?;
    let error = engine.raw().await.expect_err("a wrong password");
    said::check(&error, ErrorKind::Connection, &["could not connect to database `postgres`", "password"], &["s3cret"]);
    assert_eq!(error.sqlstate(), Some("28P01"));
    let engine = Engine::new(&format!("postgresql://postgres@{place}"))?;
    said::check(&engine.raw().await.expect_err("no password"), ErrorKind::Connection, &["password"], &[]);
    Ok(())
}

#[tokio::test]
async fn no_such_database_or_user() -> orm_core::Result<()> {
    let db = TestDb::new();
    let engine = Engine::new(&db.database.url().replace(db.database.name(), "nowhere"))?;
    let error = engine.raw().await.expect_err("no such database");
    said::check(&error, ErrorKind::Connection, &["database `nowhere`", "does not exist"], &[]);
    assert_eq!(error.sqlstate(), Some("3D000"));
    Ok(())
}

#[tokio::test]
async fn a_name_that_the_protocol_cannot_carry() -> orm_core::Result<()> {
    let db = TestDb::new();
    let engine = Engine::builder().dsn(db.database.url()).application_name("a\0b").build();
    match engine {
        Err(error) => said::check(&error, ErrorKind::Config, &["application_name"], &[]),
        Ok(engine) => panic!("{engine:?}"),
    }
    let error = Engine::builder().dsn(db.database.url()).schema("a\0b").build().unwrap_err();
    said::check(&error, ErrorKind::Config, &["schema"], &[]);
    Ok(())
}
