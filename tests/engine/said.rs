//! What an error says.

use std::error::Error as _;

use orm_core::{Error, ErrorKind};

/// Checks an error's kind, that its text has all of `parts`, and that nothing of it has one of `secrets`.
#[track_caller]
pub(crate) fn check(error: &Error, kind: ErrorKind, parts: &[&str], secrets: &[&str]) {
    assert_eq!(error.kind(), kind, "{error:?}");
    let shown = error.to_string();
    for part in parts {
        assert!(shown.contains(part), "no `{part}` in: {shown}");
    }
    assert!(!shown.ends_with('.') && !shown.starts_with(char::is_uppercase), "not our style: {shown}");
    let mut everything = format!("{error:?}");
    let mut source = error.source();
    while let Some(cause) = source {
        everything.push_str(&format!("\n{cause}\n{cause:?}"));
        source = cause.source();
    }
    for secret in secrets {
        assert!(!shown.contains(secret) && !everything.contains(secret), "`{secret}` in: {shown}\n{everything}");
    }
}
