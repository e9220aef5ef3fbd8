//! What is asked of a server: settings and locale.

use crate::error::{Error, ErrorKind, Result};

/// Nothing in a sandbox has to survive a crash.
const DEFAULT_SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("autovacuum", "off"),
    ("shared_buffers", "64MB"),
    ("max_connections", "300"),
    // initdb derives the limit from the small segments that it is asked for.
    ("max_wal_size", "256MB"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    // Files of the data folder, which are removed with it even if the server was killed, and
    // which are not limited to what containers have of shared memory.
    ("dynamic_shared_memory_type", "mmap"),
    ("unix_socket_permissions", "0700"),
    ("timezone", "UTC"),
];

/// What the builder collects about a server; equal ones can be shared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Config {
    pub(crate) tcp: bool,
    pub(crate) settings: Vec<(String, String)>,
}

impl Config {
    /// Returns lines for `postgresql.conf`, where the last of several values counts.
    pub(crate) fn settings_text(&self) -> Result<String> {
        let defaults = DEFAULT_SETTINGS.iter().copied();
        let own = self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        defaults.chain(own).map(|(name, value)| setting_line(name, value)).collect()
    }
}

/// Returns alternatives of `initdb` options; the first that works is taken.
///
/// All know the letters of Unicode: with the plain locale C, `lower('Д')` is 'Д'.
pub(crate) fn locale_options(major: u32) -> &'static [&'static str] {
    match major {
        17.. => &[
            // Text search still asks the C library, so that its locale matters too.
            "--locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C.UTF-8",
            "--locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C",
        ],
        15..=16 => &["--locale=C.UTF-8", "--locale-provider=icu --icu-locale=und --locale=C"],
        _ => &["--locale=C.UTF-8", "--locale=en_US.UTF-8"],
    }
}

fn setting_line(name: &str, value: &str) -> Result<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    if name.is_empty() || !name.chars().all(is_part) {
        return Err(Error::new(ErrorKind::Unsupported, format!("`{name}` is not the name of a PostgreSQL setting")));
    }
    let value = value.replace('\\', "\\\\").replace('\'', "''").replace('\n', "\\n");
    Ok(format!("{name} = '{value}'\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_settings_come_last() {
        let settings = vec![("fsync".to_owned(), "on".to_owned())];
        let text = Config { tcp: false, settings }.settings_text().unwrap();
        assert!(text.starts_with("fsync = 'off'\n"));
        assert!(text.ends_with("fsync = 'on'\n"));
    }

    #[test]
    fn values_are_quoted_and_names_checked() {
        assert_eq!(setting_line("a.b_1", "it's\\\n").unwrap(), "a.b_1 = 'it''s\\\\\\n'\n");
        for name in ["", "a b", "a=b", "a\nb", "#a"] {
            assert_eq!(setting_line(name, "1").unwrap_err().kind(), ErrorKind::Unsupported);
        }
    }

    #[test]
    fn every_version_has_a_locale_that_knows_unicode() {
        for major in 14..=19 {
            assert!(locale_options(major).iter().all(|options| options.contains("UTF-8") || options.contains("icu")));
        }
    }
}
