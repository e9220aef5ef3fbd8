//! The keys of the rows that are asked for.

use std::sync::atomic::{AtomicI64, Ordering};

static NEXT: AtomicI64 = AtomicI64::new(100_000);
static ANY: AtomicI64 = AtomicI64::new(0);

/// Begins anew: the table has been filled again.
pub(crate) fn reset() {
    NEXT.store(100_000, Ordering::Relaxed);
}

/// One that nobody was given before.
pub(crate) fn next() -> i64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// One of the first 100,000, now here, now there.
pub(crate) fn any() -> i64 {
    ANY.fetch_add(1, Ordering::Relaxed).wrapping_mul(7_919).rem_euclid(100_000) + 1
}

/// The first of so many that nobody was given before.
pub(crate) fn some(count: u32) -> i64 {
    NEXT.fetch_add(count.into(), Ordering::Relaxed)
}
