//! How one piece of work is measured: wall time, CPU time of this process, allocations; and what came over the wire.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::Result;
use crate::proxy::Counts;

/// What the work cost, once.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    /// Seconds.
    pub(crate) wall: f64,
    /// Seconds on a processor, of all threads of the client.
    pub(crate) cpu: f64,
    pub(crate) allocations: u64,
    pub(crate) bytes: u64,
    /// The most bytes that were in use at once, above what was in use before.
    pub(crate) peak: u64,
    /// Bytes that are in use afterwards, above what was in use before, while the result is alive.
    pub(crate) kept: u64,
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
    cost: Option<Cost>,
}

impl Meter {
    pub(crate) fn new(purpose: Purpose, times: u32) -> Self {
        let times = if matches!(purpose, Purpose::Time) { times } else { 1 };
        Self { purpose, times, cost: None }
    }

    /// Does the work, which says how many rows it was about; it must be as many as expected.
    pub(crate) async fn run<T>(
        &mut self,
        expected: usize,
        mut work: impl AsyncFnMut() -> Result<(usize, T)>,
    ) -> Result<()> {
        let watch = Watch::start(&self.purpose);
        let mut kept = 0;
        for _ in 0..self.times {
            let (rows, result) = work().await?;
            if rows != expected {
                return Err(format!("{rows} rows where {expected} were expected").into());
            }
            kept = watch.live();
            drop(black_box(result));
        }
        self.cost = Some(watch.stop(self.times, kept));
        Ok(())
    }

    /// Like [`run`](Self::run), of what blocks.
    pub(crate) fn run_blocking<T>(
        &mut self,
        expected: usize,
        mut work: impl FnMut() -> Result<(usize, T)>,
    ) -> Result<()> {
        let watch = Watch::start(&self.purpose);
        let mut kept = 0;
        for _ in 0..self.times {
            let (rows, result) = work()?;
            if rows != expected {
                return Err(format!("{rows} rows where {expected} were expected").into());
            }
            kept = watch.live();
            drop(black_box(result));
        }
        self.cost = Some(watch.stop(self.times, kept));
        Ok(())
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
    wall: Instant,
    cpu: Duration,
    wire: Option<(Arc<Counts>, u64, u64)>,
}

impl Watch {
    fn start(purpose: &Purpose) -> Self {
        let wire = match purpose {
            Purpose::Wire(counts) => Some((Arc::clone(counts), counts.statements(), counts.round_trips())),
            Purpose::Time => None,
            Purpose::Allocations => {
                for total in [&COUNT, &BYTES] {
                    total.store(0, Ordering::Relaxed);
                }
                LIVE.store(0, Ordering::Relaxed);
                PEAK.store(0, Ordering::Relaxed);
                COUNTING.store(true, Ordering::Relaxed);
                None
            }
        };
        Self { wall: Instant::now(), cpu: cpu_time(), wire }
    }

    fn live(&self) -> u64 {
        u64::try_from(LIVE.load(Ordering::Relaxed)).unwrap_or_default()
    }

    fn stop(self, times: u32, kept: u64) -> Cost {
        let (wall, cpu) = (self.wall.elapsed(), cpu_time().saturating_sub(self.cpu));
        let times = f64::from(times);
        let mut cost = Cost { wall: wall.as_secs_f64() / times, cpu: cpu.as_secs_f64() / times, ..Cost::default() };
        if COUNTING.swap(false, Ordering::Relaxed) {
            cost.allocations = COUNT.load(Ordering::Relaxed);
            cost.bytes = BYTES.load(Ordering::Relaxed);
            cost.peak = u64::try_from(PEAK.load(Ordering::Relaxed)).unwrap_or_default();
            cost.kept = kept;
        }
        if let Some((counts, statements, round_trips)) = self.wire {
            cost.statements = counts.statements() - statements;
            cost.round_trips = counts.round_trips() - round_trips;
        }
        cost
    }
}

/// The time that all threads of this process were on a processor.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// A quantile of sorted figures.
fn at(sorted: &[f64], place: f64) -> f64 {
    let place = place.clamp(0.0, sorted.len().saturating_sub(1) as f64);
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(low), sorted.get(high)) {
        (Some(low), Some(high)) => low + (high - low) * place.fract(),
        _ => f64::NAN,
    }
}

/// A median, and between which figures it lies with a probability of 95 %.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Median {
    pub(crate) low: f64,
    pub(crate) middle: f64,
    pub(crate) high: f64,
}

impl Median {
    /// By order statistics: how many of `n` figures are below the median is binomial.
    pub(crate) fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let count = figures.len() as f64;
        let spread = 1.96 * count.sqrt() / 2.0;
        let (low, high) = ((count / 2.0 - spread).floor(), (count / 2.0 + spread).ceil() - 1.0);
        Self { low: at(&figures, low), middle: at(&figures, (count - 1.0) / 2.0), high: at(&figures, high) }
    }
}

/// Counts what is asked for, where that is wanted.
pub(crate) struct Counting;

static COUNTING: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);

fn came(size: usize) {
    if COUNTING.load(Ordering::Relaxed) {
        COUNT.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(size as u64, Ordering::Relaxed);
        let live = LIVE.fetch_add(size.cast_signed(), Ordering::Relaxed) + size.cast_signed();
        PEAK.fetch_max(live, Ordering::Relaxed);
    }
}

fn went(size: usize) {
    if COUNTING.load(Ordering::Relaxed) {
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
