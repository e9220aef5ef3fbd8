//! The commands around a transaction.

/// How much of concurrent transactions a transaction sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IsolationLevel {
    /// Each statement sees what was committed before it.
    ReadCommitted,
    /// All statements see what was committed before the first.
    RepeatableRead,
    /// As if the transactions had run one after the other; those that could not have are refused.
    Serializable,
}

impl IsolationLevel {
    /// Whether all statements see one state of the database, so that reads belong in the transaction too.
    pub(crate) fn is_snapshot(self) -> bool {
        self != Self::ReadCommitted
    }
}

/// The name of a savepoint by its depth.
fn savepoint_name(depth: usize) -> String {
    format!("\"orm_{depth}\"")
}

pub(crate) fn savepoint(depth: usize) -> String {
    format!("SAVEPOINT {}", savepoint_name(depth))
}

pub(crate) fn release_savepoint(depth: usize) -> String {
    format!("RELEASE SAVEPOINT {}", savepoint_name(depth))
}

pub(crate) fn rollback_to_savepoint(depth: usize) -> String {
    format!("ROLLBACK TO SAVEPOINT {}", savepoint_name(depth))
}

/// Inside a test transaction, what a transaction begins and ends with.
pub(crate) const BEGIN_TEST: &str = "SAVEPOINT \"orm_test\"";
pub(crate) const ROLLBACK_TEST: &str = "ROLLBACK TO SAVEPOINT \"orm_test\"; RELEASE SAVEPOINT \"orm_test\"";
/// Deferred constraints are checked, and are deferred again afterwards.
pub(crate) const COMMIT_TEST: &str = "SAVEPOINT \"orm_check\"; SET CONSTRAINTS ALL IMMEDIATE; \
     ROLLBACK TO SAVEPOINT \"orm_check\"; RELEASE SAVEPOINT \"orm_check\"; RELEASE SAVEPOINT \"orm_test\"";
/// Around each use of a test transaction, so that an error of a single statement ends that alone.
pub(crate) const GUARD: &str = "SAVEPOINT \"orm_guard\"";
/// In one message: there is a guard, whether or not its answer is waited for.
pub(crate) const RENEW_GUARD: &str = "RELEASE SAVEPOINT \"orm_guard\"; SAVEPOINT \"orm_guard\"";
pub(crate) const ROLLBACK_TO_GUARD: &str = "ROLLBACK TO SAVEPOINT \"orm_guard\"";

pub(crate) const COMMIT: &str = "COMMIT";
pub(crate) const ROLLBACK: &str = "ROLLBACK";

/// The command that begins a transaction.
pub(crate) fn begin(isolation: Option<IsolationLevel>, read_only: bool) -> &'static str {
    use IsolationLevel::{ReadCommitted, RepeatableRead, Serializable};
    match (isolation, read_only) {
        (None, false) => "BEGIN",
        (None, true) => "BEGIN READ ONLY",
        (Some(ReadCommitted), false) => "BEGIN ISOLATION LEVEL READ COMMITTED",
        (Some(ReadCommitted), true) => "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY",
        (Some(RepeatableRead), false) => "BEGIN ISOLATION LEVEL REPEATABLE READ",
        (Some(RepeatableRead), true) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        (Some(Serializable), false) => "BEGIN ISOLATION LEVEL SERIALIZABLE",
        (Some(Serializable), true) => "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY",
    }
}
