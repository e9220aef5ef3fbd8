//! How things are measured: many short batches, of which the fastest tells what the work costs where nothing else runs.

use std::hint::black_box;
use std::time::Instant;

use common::figures::quantile;
use common::memory;

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
    pub(crate) allocations: u64,
}

impl Cost {
    pub(crate) fn of<T>(name: &'static str, batches: usize, mut work: impl FnMut() -> T) -> Self {
        black_box(work());
        memory::start();
        black_box(work());
        let allocations = memory::stop().allocations;
        let times: Vec<f64> = (0..batches)
            .map(|_| {
                let started = Instant::now();
                for _ in 0..BATCH {
                    black_box(work());
                }
                started.elapsed().as_nanos() as f64 / f64::from(BATCH)
            })
            .collect();
        Self { name, best: quantile(&times, 0.0), median: quantile(&times, 0.5), allocations }
    }

    /// What a piece of work costs that waits for the server, each by itself.
    pub(crate) async fn waiting<E>(
        name: &'static str,
        times: usize,
        mut work: impl AsyncFnMut() -> Result<(), E>,
    ) -> Result<Self, E> {
        work().await?;
        memory::start();
        let worked = work().await;
        let allocations = memory::stop().allocations;
        worked?;
        let mut taken = Vec::with_capacity(times);
        for _ in 0..times {
            let started = Instant::now();
            work().await?;
            taken.push(started.elapsed().as_nanos() as f64);
        }
        Ok(Self { name, best: quantile(&taken, 0.0), median: quantile(&taken, 0.5), allocations })
    }
}
