//! Encrypted connections: the certificate is verified, and what cannot be verified is refused.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use orm_core::prelude::*;
use orm_core::{ErrorKind, TlsMode};
use orm_sandbox::{Database, Sandbox};

/// A server on a port that speaks TLS, with the certificate that it shows.
struct TlsServer {
    sandbox: Sandbox,
    database: Database,
    certificate: PathBuf,
}

fn write_for_server(path: &Path, text: &str, owner: &fs::Metadata) {
    fs::write(path, text).expect("the folder is writable");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("the file is ours");
    // The server runs as another user if the test runs as root.
    let _ = chown(path, Some(owner.uid()), Some(owner.gid()));
}

async fn tls_server() -> TlsServer {
    let sandbox = Sandbox::builder().tcp(true).start().expect("a PostgreSQL to test on");
    let database = sandbox.database().expect("a database");
    let key = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let owner = fs::metadata(sandbox.dir()).expect("the sandbox's folder");
    let certificate = sandbox.dir().join("server.crt");
    let private = sandbox.dir().join("server.key");
    write_for_server(&certificate, &key.cert.pem(), &owner);
    write_for_server(&private, &key.signing_key.serialize_pem(), &owner);
    let plain = Engine::new(database.url()).expect("a valid URL");
    let client = plain.raw().await.expect("a connection");
    for (name, value) in [
        ("ssl_cert_file", certificate.display().to_string()),
        ("ssl_key_file", private.display().to_string()),
        ("ssl", "on".to_owned()),
    ] {
        client.batch_execute(&format!("ALTER SYSTEM SET {name} = '{value}'")).await.expect("a superuser");
    }
    client.batch_execute("SELECT pg_reload_conf()").await.expect("a superuser");
    TlsServer { sandbox, database, certificate }
}

/// Whether the server says that the connection is encrypted. It reads its new settings in its own time.
async fn is_encrypted(engine: &Engine) -> Result<bool, orm_core::Error> {
    let mut tries = 0;
    loop {
        match engine.raw().await {
            Ok(client) => {
                let row = client
                    .query_one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[])
                    .await
                    .expect("the view is there");
                return Ok(row.get(0));
            }
            Err(error) if tries == 100 => return Err(error),
            Err(_) => {
                tries += 1;
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
    }
}

#[tokio::test]
async fn a_connection_whose_certificate_is_trusted_is_encrypted() {
    let server = tls_server().await;
    let engine = Engine::builder()
        .dsn(server.database.url())
        .tls(TlsMode::Require)
        .root_certificates(&server.certificate)
        .build()
        .expect("valid settings");
    assert!(is_encrypted(&engine).await.expect("the certificate is trusted"));

    let file = server.certificate.display();
    let dsn = format!("{} sslmode=verify-full sslrootcert='{file}'", server.database.dsn());
    let engine = Engine::new(&dsn).expect("libpq's options are known");
    assert!(is_encrypted(&engine).await.expect("the certificate is trusted"));

    let encoded = file.to_string().replace('/', "%2F");
    let url = format!("{}?sslrootcert={encoded}&sslmode=require", server.database.url());
    let engine = Engine::new(&url).expect("libpq's options are known");
    assert!(is_encrypted(&engine).await.expect("the certificate is trusted"));
    drop(server.sandbox);
}

#[tokio::test]
async fn a_connection_without_sslmode_is_not_encrypted() {
    let server = tls_server().await;
    let engine = Engine::new(server.database.url()).expect("a valid URL");
    assert!(!is_encrypted(&engine).await.expect("the server takes both"));
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused() {
    let server = tls_server().await;
    let trusted = Engine::builder()
        .dsn(server.database.url())
        .tls(TlsMode::Require)
        .root_certificates(&server.certificate)
        .build()
        .expect("valid settings");
    is_encrypted(&trusted).await.expect("the server speaks TLS by now");

    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let file = server.sandbox.dir().join("other.crt");
    fs::write(&file, other.cert.pem()).expect("the folder is writable");
    let engine = Engine::builder()
        .dsn(server.database.url())
        .tls(TlsMode::Require)
        .root_certificates(&file)
        .build()
        .expect("valid settings");
    let error = engine.raw().await.expect_err("another certificate is trusted");
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_if_encryption_is_required() {
    let sandbox = Sandbox::builder().tcp(true).start().expect("a PostgreSQL to test on");
    let database = sandbox.database().expect("a database");
    let pair = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let file = sandbox.dir().join("root.crt");
    fs::write(&file, pair.cert.pem()).expect("the folder is writable");
    let engine = Engine::builder()
        .dsn(database.url())
        .tls(TlsMode::Require)
        .root_certificates(file)
        .build()
        .expect("valid settings");
    let error = engine.raw().await.expect_err("the server has no TLS");
    assert_eq!(error.kind(), ErrorKind::Connection);
}

#[tokio::test]
async fn a_file_of_certificates_that_cannot_be_read_is_named() {
    let error = Engine::new("host=localhost user=u password=secret sslmode=verify-full sslrootcert=/no/such/file.pem")
        .expect_err("there is no such file");
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("/no/such/file.pem"), "{error}");
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
}
