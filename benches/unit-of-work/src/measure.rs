//! How things are measured: wall and CPU time of one run.

use std::time::{Duration, Instant};

/// What one run took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// Of this thread, on which the driver runs too.
    pub(crate) cpu: Duration,
}

/// A run under way.
pub(crate) struct Watch {
    wall: Instant,
    cpu: Duration,
}

impl Watch {
    pub(crate) fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_time() }
    }

    pub(crate) fn stop(self) -> Cost {
        Cost { wall: self.wall.elapsed(), cpu: cpu_time().saturating_sub(self.cpu) }
    }
}

/// The time that this thread was on a processor, as the kernel counts it.
fn cpu_time() -> Duration {
    let read = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(read.split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or_default())
}
