//! How things are measured: many short batches, of which the fastest tells what the work costs where nothing else runs.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// How often the work is done in a batch: short enough that many batches are not interrupted.
const BATCH: u32 = 200;

/// What a piece of work costs.
#[derive(Debug, Clone)]
pub(crate) struct Cost {
    pub(crate) name: &'static str,
    /// Of the fastest batch, in nanoseconds.
    pub(crate) best: f64,
    /// Of the batch in the middle.
    pub(crate) median: f64,
    pub(crate) allocations: usize,
}

impl Cost {
    pub(crate) fn of<T>(name: &'static str, batches: usize, mut work: impl FnMut() -> T) -> Self {
        black_box(work());
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        black_box(work());
        let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
        let mut times: Vec<f64> = (0..batches)
            .map(|_| {
                let started = Instant::now();
                for _ in 0..BATCH {
                    black_box(work());
                }
                started.elapsed().as_nanos() as f64 / f64::from(BATCH)
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let at = |place: usize| times.get(place).copied().unwrap_or(f64::NAN);
        Self { name, best: at(0), median: at(batches / 2), allocations }
    }
}

impl Cost {
    /// What a piece of work costs that waits for the server, each by itself.
    pub(crate) async fn waiting<E>(
        name: &'static str,
        times: usize,
        mut work: impl AsyncFnMut() -> Result<(), E>,
    ) -> Result<Self, E> {
        work().await?;
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        work().await?;
        let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
        let mut taken = Vec::with_capacity(times);
        for _ in 0..times {
            let started = Instant::now();
            work().await?;
            taken.push(started.elapsed().as_nanos() as f64);
        }
        taken.sort_by(f64::total_cmp);
        let at = |place: usize| taken.get(place).copied().unwrap_or(f64::NAN);
        Ok(Self { name, best: at(0), median: at(times / 2), allocations })
    }
}

/// Counts how often memory is asked for.
pub(crate) struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

#[allow(unsafe_code, reason = "an allocator cannot be written otherwise; it does nothing but count")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
