//! What a server is like, and that clients reach it.

#![allow(clippy::unwrap_used, reason = "a test fails where its tools fail")]

mod common;

use std::{
    net::{TcpStream, UdpSocket},
    thread,
    time::Duration,
};

use common::{ask, assert_gone, connect, server_pid};
use orm_sandbox::{ErrorKind, Sandbox};
use postgres::{Config, NoTls};

#[test]
fn a_stopped_server_leaves_no_folder_and_no_process() {
    let sandbox = Sandbox::start().unwrap();
    let (dir, server) = (sandbox.dir().to_owned(), server_pid(sandbox.dir()));
    assert!(dir.exists() && common::is_alive(server));
    sandbox.stop().unwrap();
    assert!(!dir.exists() && !common::is_alive(server));
}

#[test]
fn a_dropped_server_leaves_no_folder_and_no_process() {
    let sandbox = Sandbox::start().unwrap();
    let (dir, server) = (sandbox.dir().to_owned(), server_pid(sandbox.dir()));
    let mut client = connect(&sandbox.url("postgres"));
    drop(sandbox);
    assert!(!dir.exists() && !common::is_alive(server));
    assert!(client.batch_execute("SELECT 1").is_err());
}

#[test]
fn a_database_keeps_its_server() {
    let database = Sandbox::start().unwrap().database().unwrap();
    let dir = ask(database.url(), "SELECT current_setting('unix_socket_directories')");
    assert_eq!(ask(database.url(), "SELECT current_database()::text"), database.name());
    let server = server_pid(dir.as_ref());
    drop(database);
    assert_gone(dir.as_ref(), server);
}

#[test]
fn case_is_folded_in_all_of_unicode() {
    let database = Sandbox::shared().unwrap().database().unwrap();
    let found = connect(database.url())
        .query_one("SELECT 'ДЗ1' ILIKE '%дз%', lower('ДЗ'), upper('ж'), 'Ж' ~* 'ж'", &[])
        .unwrap();
    assert!(found.get::<_, bool>(0) && found.get::<_, bool>(3));
    assert_eq!((found.get::<_, &str>(1), found.get::<_, &str>(2)), ("дз", "Ж"));
    assert_eq!(ask(database.url(), "SHOW server_encoding"), "UTF8");
}

#[test]
fn settings_of_the_user_win_over_those_of_the_sandbox() {
    let sandbox = Sandbox::builder()
        .setting("fsync", "on")
        .setting("work_mem", "5MB")
        .setting("sandbox.mark", "it's \\ a \"mark\"")
        .start()
        .unwrap();
    let url = sandbox.url("postgres");
    assert_eq!(ask(&url, "SHOW fsync"), "on");
    assert_eq!(ask(&url, "SHOW work_mem"), "5MB");
    assert_eq!(ask(&url, "SHOW sandbox.mark"), "it's \\ a \"mark\"");
    assert_eq!(ask(&url, "SHOW synchronous_commit"), "off");
    assert_eq!(ask(&url, "SHOW timezone"), "UTC");
    assert_eq!(ask(&url, "SHOW max_connections"), "300");
}

#[test]
fn a_setting_that_the_server_refuses_is_an_error_with_the_log() {
    let error = Sandbox::builder().setting("shared_buffers", "rubbish").start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Start);
    assert!(error.to_string().contains("rubbish"), "{error}");
}

#[test]
fn the_version_is_that_of_the_server() {
    let sandbox = Sandbox::shared().unwrap();
    let version = ask(&sandbox.url("postgres"), "SHOW server_version");
    assert_eq!(version.split(' ').next(), Some(sandbox.version()));
    assert!(sandbox.bin_dir().join("initdb").exists());
    assert!(format!("{sandbox:?}").contains(sandbox.version()));
}

#[test]
fn without_tcp_no_port_is_open() {
    let sandbox = Sandbox::shared().unwrap();
    assert_eq!(ask(&sandbox.url("postgres"), "SHOW listen_addresses"), "");
}

#[test]
fn tcp_demands_the_password_and_listens_on_loopback_only() {
    let sandbox = Sandbox::builder().tcp(true).start().unwrap();
    let database = sandbox.database().unwrap();
    assert_eq!(ask(database.url(), "SELECT inet_server_addr()::text"), "127.0.0.1/32");
    assert_eq!(ask(&database.dsn(), "SELECT current_database()::text"), database.name());

    let config: Config = database.url().parse().unwrap();
    let refused = config.clone().password("guess").connect(NoTls).err().unwrap();
    assert_eq!(refused.code().unwrap().code(), "28P01");
    // The socket is no way around it.
    let mut socket = Config::new();
    socket.host_path(sandbox.dir()).port(config.get_ports()[0]).user("postgres");
    assert!(socket.connect(NoTls).is_err());
    socket.password("guess");
    assert_eq!(socket.connect(NoTls).err().unwrap().code().unwrap().code(), "28P01");

    // The method is seen in what is stored, too.
    let sql = "SELECT left(rolpassword, 13) FROM pg_authid WHERE rolname = 'postgres'";
    assert_eq!(ask(database.url(), sql), "SCRAM-SHA-256");
    assert_eq!(ask(database.url(), "SHOW listen_addresses"), "127.0.0.1");
    if let Some(address) = outer_address() {
        let address = (address, config.get_ports()[0]);
        assert!(TcpStream::connect(address).is_err(), "{address:?} answers");
    }
    assert!(!format!("{sandbox:?} {database:?}").contains(&password(&config)));
}

#[test]
fn several_servers_run_side_by_side() {
    let start = |_| thread::spawn(|| Sandbox::start().unwrap());
    let sandboxes: Vec<_> = (0..3).map(start).map(|thread| thread.join().unwrap()).collect();
    for sandbox in &sandboxes {
        assert_eq!(ask(&sandbox.url("postgres"), "SELECT 'up'"), "up");
    }
    assert_ne!(sandboxes[0].dir(), sandboxes[1].dir());
}

#[test]
fn values_and_errors_can_be_sent_to_other_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Sandbox>();
    check::<orm_sandbox::Database>();
    check::<orm_sandbox::SandboxBuilder>();
    check::<orm_sandbox::Error>();
}

#[tokio::test]
async fn everything_works_inside_a_current_thread_runtime() {
    use_it_asynchronously().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_inside_a_multi_thread_runtime() {
    use_it_asynchronously().await;
}

async fn use_it_asynchronously() {
    let sandbox = Sandbox::start().unwrap();
    let database = sandbox.database().unwrap();
    for target in [database.url(), &database.dsn()] {
        let (client, connection) = tokio_postgres::connect(target, NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        let row = client.query_one("SELECT current_database()::text", &[]).await.unwrap();
        assert_eq!(row.get::<_, &str>(0), database.name());
        drop(client);
        connection.await.unwrap().unwrap();
    }
    drop(database);
    sandbox.stop().unwrap();
}

/// Returns the address of this machine on a network, if it is on one; nothing is sent.
fn outer_address() -> Option<std::net::IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback()).then_some(address)
}

fn password(config: &Config) -> String {
    String::from_utf8(config.get_password().unwrap().to_vec()).unwrap()
}
