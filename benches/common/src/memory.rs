//! Allocations, counted while that is wanted: counting costs time, so what is timed is not counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU64, Ordering};

/// The allocator of a program whose memory is counted.
#[derive(Debug)]
pub struct Counting;

/// What was asked for since counting began.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    pub allocations: u64,
    pub bytes: u64,
    /// The most bytes that were in use at once, above what was in use before.
    pub peak: u64,
    /// Bytes that are in use now, above what was in use before.
    pub live: u64,
}

static COUNTS: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);

/// Counts from here on.
pub fn start() {
    for total in [&ALLOCATIONS, &BYTES] {
        total.store(0, Ordering::Relaxed);
    }
    for level in [&LIVE, &PEAK] {
        level.store(0, Ordering::Relaxed);
    }
    COUNTS.store(true, Ordering::Relaxed);
}

/// What was counted until now.
#[must_use]
pub fn counted() -> Memory {
    let above = |level: &AtomicIsize| u64::try_from(level.load(Ordering::Relaxed)).unwrap_or_default();
    Memory {
        allocations: ALLOCATIONS.load(Ordering::Relaxed),
        bytes: BYTES.load(Ordering::Relaxed),
        peak: above(&PEAK),
        live: above(&LIVE),
    }
}

/// Counts no longer; what was counted.
pub fn stop() -> Memory {
    COUNTS.store(false, Ordering::Relaxed);
    counted()
}

fn came(size: usize) {
    if COUNTS.load(Ordering::Relaxed) {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(size as u64, Ordering::Relaxed);
        let live = LIVE.fetch_add(size.cast_signed(), Ordering::Relaxed) + size.cast_signed();
        PEAK.fetch_max(live, Ordering::Relaxed);
    }
}

fn went(size: usize) {
    if COUNTS.load(Ordering::Relaxed) {
        LIVE.fetch_sub(size.cast_signed(), Ordering::Relaxed);
    }
}

#[allow(unsafe_code, reason = "an allocator cannot be written otherwise; it does nothing but count")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        came(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        went(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        went(layout.size());
        came(size);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
