//! How one piece of work is measured: wall time, CPU time of this process, allocations; and what came over the wire.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::memory::{self, Memory};
use rustix::time::{ClockId, clock_gettime};

use crate::Result;
use crate::peer::Done;
use crate::proxy::Counts;
use crate::work::Link;

/// What the work cost, once.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    /// Seconds.
    pub(crate) wall: f64,
    /// Seconds on a processor, of all threads of the client.
    pub(crate) cpu: f64,
    /// While the result was alive.
    pub(crate) memory: Memory,
    pub(crate) statements: u64,
    pub(crate) round_trips: u64,
}

/// What a run is for. Counting costs time, so what is timed is not counted.
#[derive(Debug, Clone)]
pub(crate) enum Purpose {
    Time,
    Allocations,
    Wire(Arc<Counts>),
}

/// Measures the part of a piece of work that counts; what comes before and after is not part of it.
#[derive(Debug)]
pub(crate) struct Meter {
    purpose: Purpose,
    /// How often the work is done in a run, if it is short.
    times: u32,
    clock: ClockId,
    cost: Option<Cost>,
}

impl Meter {
    pub(crate) fn new(purpose: Purpose, times: u32, link: Link) -> Self {
        let times = if matches!(purpose, Purpose::Time) { times } else { 1 };
        // The proxy is a thread of this process: what goes through it is the work of the thread that asks.
        let clock = if link == Link::Near { ClockId::ProcessCPUTime } else { ClockId::ThreadCPUTime };
        Self { purpose, times, clock, cost: None }
    }

    /// Does the work, which says how many rows it was about; it must be as many as expected.
    pub(crate) async fn run<T>(
        &mut self,
        expected: usize,
        mut work: impl AsyncFnMut() -> Result<(usize, T)>,
    ) -> Result<Done> {
        let watch = Watch::start(&self.purpose, self.clock);
        let mut kept = 0;
        for _ in 0..self.times {
            let (rows, result) = work().await?;
            if rows != expected {
                return Err(format!("{rows} rows where {expected} were expected").into());
            }
            kept = memory::counted().live;
            drop(black_box(result));
        }
        self.cost = Some(watch.stop(self.times, kept));
        Ok(Done::Measured)
    }

    /// How often the work is done in this run.
    pub(crate) fn times(&self) -> u32 {
        self.times
    }

    /// Takes what another process has measured of its own.
    pub(crate) fn set(&mut self, cost: Cost) {
        self.cost = Some(cost);
    }

    pub(crate) fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    pub(crate) fn cost(self) -> Option<Cost> {
        self.cost
    }
}

struct Watch {
    clock: ClockId,
    wall: Instant,
    cpu: Duration,
    counts: bool,
    wire: Option<(Arc<Counts>, u64, u64)>,
}

impl Watch {
    fn start(purpose: &Purpose, clock: ClockId) -> Self {
        let counts = matches!(purpose, Purpose::Allocations);
        let wire = match purpose {
            Purpose::Wire(counts) => Some((Arc::clone(counts), counts.statements(), counts.round_trips())),
            Purpose::Time => None,
            Purpose::Allocations => {
                memory::start();
                None
            }
        };
        Self { clock, wall: Instant::now(), cpu: cpu_time(clock), counts, wire }
    }

    fn stop(self, times: u32, kept: u64) -> Cost {
        let (wall, cpu) = (self.wall.elapsed(), cpu_time(self.clock).saturating_sub(self.cpu));
        let counted = memory::stop();
        let memory = if self.counts { Memory { live: kept, ..counted } } else { Memory::default() };
        let times = f64::from(times);
        let mut cost =
            Cost { wall: wall.as_secs_f64() / times, cpu: cpu.as_secs_f64() / times, memory, ..Cost::default() };
        if let Some((counts, statements, round_trips)) = self.wire {
            cost.statements = counts.statements() - statements;
            cost.round_trips = counts.round_trips() - round_trips;
        }
        cost
    }
}

fn cpu_time(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
