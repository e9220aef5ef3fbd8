//! The states of an object.

/// Where an object of a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Not of the session any more, or not yet again: it was new in a transaction that was rolled back. Its value can
    /// still be read, and taken.
    Transient,
    /// Added, and without a row until the next flush.
    Pending,
    /// It has a row.
    Persistent,
    /// Its row is deleted in the transaction that is open.
    Deleted,
    /// Gone: the handle leads to nothing.
    Detached,
}
