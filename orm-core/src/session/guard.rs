//! Parts of a session's work that need no server, for the guard of the workspace (`orm-guard`), which counts their
//! instructions. Not part of the public API.

use super::Session;
use super::flush;
use crate::error::Result;
use crate::schema::{Handle, Model};
use crate::types::RowReader;

/// Makes an object of a row, or finds the one that it is.
///
/// # Errors
///
/// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the row is not one of the model's.
pub fn instance<M: Model>(session: &mut Session, row: &mut RowReader<'_>) -> Result<Handle<M>> {
    session.inner.instance(row)
}

/// Puts what a flush would write in order; gives the number of steps.
///
/// # Errors
///
/// Those of a flush that is refused before anything is sent.
pub fn plan(session: &Session) -> Result<usize> {
    flush::steps(&session.inner)
}

/// Makes the texts of what a flush would send before it waits for an answer.
///
/// # Errors
///
/// Those of a flush that is refused before anything is sent.
pub fn statements(session: &Session) -> Result<Vec<String>> {
    flush::first_texts(&session.inner)
}
