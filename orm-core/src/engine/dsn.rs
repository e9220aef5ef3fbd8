//! Connection strings: the driver's own parser, and what it does not know of libpq's options.

use std::error::Error as StdError;
use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::error::{Error, Result};

/// A connection string, read.
pub(super) struct Dsn {
    pub(super) config: Config,
    /// Whether `sslmode` demands encryption.
    pub(super) requires_tls: bool,
    /// `sslrootcert`: the certificates to trust.
    pub(super) root_certificates: Option<PathBuf>,
}

/// Reads a connection string, as a URL or as keywords.
pub(super) fn parse(dsn: &str) -> Result<Dsn> {
    check_scheme(dsn)?;
    check_keywords(dsn)?;
    let mut options = TlsOptions::default();
    let rest = match dsn.split_once("://") {
        Some(_) => options.take_from_url(dsn),
        None => options.take_from_keywords(dsn),
    };
    let config = Config::from_str(&rest).map_err(|error| {
        // The driver's own words name the option and not its value.
        let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        Error::config(format!("malformed connection string: {cause}"))
    })?;
    check_hosts(&config)?;
    Ok(Dsn {
        config,
        requires_tls: options.requires_tls()?,
        root_certificates: options.root_certificates.map(PathBuf::from),
    })
}

fn check_scheme(dsn: &str) -> Result<()> {
    if let Some((scheme, _)) = dsn.split_once("://")
        && !scheme.contains(['=', ' '])
        && scheme != "postgresql"
        && scheme != "postgres"
    {
        let advice = if scheme.starts_with("postgresql+") { " (a driver is not named here)" } else { "" };
        return Err(Error::config(format!(
            "unknown scheme `{scheme}` in the connection string; expected `postgresql`{advice}"
        )));
    }
    Ok(())
}

/// What is neither a URL nor keywords, such as `user:password@host`, is not shown: part of it may be a password.
fn check_keywords(dsn: &str) -> Result<()> {
    let keyword = dsn.split_once('=').map_or("", |(keyword, _)| keyword);
    if !dsn.contains("://") && keyword.contains([':', '@', '/']) {
        return Err(Error::config(
            "malformed connection string: expected `postgresql://user:password@host/database` or `host=… user=…`",
        ));
    }
    Ok(())
}

/// The first `@` of a URL ends the password. A password with one in it ends in the host, which messages show.
fn check_hosts(config: &Config) -> Result<()> {
    let torn = |host: &Host| matches!(host, Host::Tcp(name) if name.contains('@'));
    if config.get_hosts().iter().any(torn) {
        return Err(Error::config(
            "malformed connection string: the host contains `@`; in a user name or password it is written `%40`",
        ));
    }
    Ok(())
}

/// The options of libpq about encryption, which the driver knows in part.
#[derive(Debug, Default)]
struct TlsOptions {
    mode: Option<String>,
    root_certificates: Option<String>,
}

impl TlsOptions {
    /// Keeps an option that is one of these.
    fn take(&mut self, key: &str, value: &str) -> bool {
        match key {
            "sslmode" => self.mode = Some(value.to_owned()),
            "sslrootcert" => self.root_certificates = Some(value.to_owned()),
            _ => return false,
        }
        true
    }

    fn take_from_url(&mut self, dsn: &str) -> String {
        let Some((address, query)) = dsn.split_once('?') else { return dsn.to_owned() };
        let kept: Vec<&str> = query
            .split('&')
            .filter(|pair| pair.split_once('=').is_none_or(|(key, value)| !self.take(key, &percent_decoded(value))))
            .collect();
        if kept.is_empty() { address.to_owned() } else { format!("{address}?{}", kept.join("&")) }
    }

    fn take_from_keywords(&mut self, dsn: &str) -> String {
        let mut kept = String::new();
        let mut rest = dsn.trim_start();
        while let Some((key, after)) = rest.split_once('=') {
            let value = after.trim_start();
            let length = value_length(value);
            let key = key.trim();
            if !self.take(key, &unquoted(&value[..length])) {
                kept.push_str(&format!("{key}={} ", &value[..length]));
            }
            rest = value[length..].trim_start();
        }
        // What is no pair is left for the driver to complain of.
        kept.push_str(rest);
        kept
    }

    fn requires_tls(&self) -> Result<bool> {
        match self.mode.as_deref() {
            // Without encryption is good enough for these, so it is not tried.
            None | Some("disable" | "allow" | "prefer") => Ok(false),
            Some("require" | "verify-ca" | "verify-full") => Ok(true),
            Some(_) => Err(Error::config("malformed connection string: invalid value for option `sslmode`")),
        }
    }
}

/// How long the value at the beginning of a text is: to its closing quote, or to the next space.
fn value_length(text: &str) -> usize {
    let quoted = text.starts_with('\'');
    let mut escaped = false;
    for (i, c) in text.char_indices().skip(usize::from(quoted)) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' if quoted => return i + 1,
            c if !quoted && c.is_whitespace() => return i,
            _ => {}
        }
    }
    text.len()
}

fn unquoted(value: &str) -> String {
    let inner = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(value);
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}

fn percent_decoded(value: &str) -> String {
    let mut out = Vec::new();
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()).filter(|_| byte == b'%');
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                rest = &after[2..];
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
