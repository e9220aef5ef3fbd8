//! Encrypted connections, by rustls, behind the feature `tls`.

use std::path::Path;

use deadpool_postgres::{Manager, ManagerConfig};
use tokio_postgres::Config;

use crate::error::{Error, Result};

/// Makes encrypted connections.
#[cfg(feature = "tls")]
pub(super) fn manager(config: Config, roots: Option<&Path>, recycling: ManagerConfig) -> Result<Manager> {
    use std::sync::Arc;

    use rustls::ClientConfig;
    use rustls::crypto::ring::default_provider;

    // The provider is named here: a default of the whole process is the application's to set.
    let client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|source| Error::config("TLS cannot be set up").with_source(source))?
        .with_root_certificates(root_store(roots)?)
        .with_no_client_auth();
    let connect = tokio_postgres_rustls::MakeRustlsConnect::new(client);
    Ok(Manager::from_config(config, connect, recycling))
}

/// The certificates to trust: those of a file, or of the operating system.
#[cfg(feature = "tls")]
fn root_store(file: Option<&Path>) -> Result<rustls::RootCertStore> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    let mut store = rustls::RootCertStore::empty();
    let certificates: Vec<CertificateDer<'static>> = match file {
        Some(file) => CertificateDer::pem_file_iter(file).and_then(Iterator::collect).map_err(|source| {
            Error::config(format!("the certificates in `{}` cannot be read", file.display())).with_source(source)
        })?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    store.add_parsable_certificates(certificates);
    if store.is_empty() {
        return Err(Error::config("no certificate to trust was found: name a file by `root_certificates`"));
    }
    Ok(store)
}

/// Refuses: this build has no TLS.
#[cfg(not(feature = "tls"))]
pub(super) fn manager(_: Config, _: Option<&Path>, _: ManagerConfig) -> Result<Manager> {
    Err(Error::config("the connection must be encrypted, which needs the feature `tls` of orm-core"))
}
