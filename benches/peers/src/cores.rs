//! Which cores the client and the server run on.
//!
//! Left alone, the kernel puts the server's process of one connection on the core of the client and that of another one
//! elsewhere, and keeps it so: a short statement then costs the one competitor three times what it costs the other.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::Result;

/// Starts a server on all cores but one, which this thread has from then on, and whatever it starts.
pub(crate) fn apart<T>(server: impl FnOnce() -> T) -> Result<T> {
    let all = sched_getaffinity(None)?;
    let mut cores = (0..CpuSet::MAX_CPU).filter(|&core| all.is_set(core));
    let (mut of_client, mut of_server) = (CpuSet::new(), CpuSet::new());
    cores.by_ref().take(1).for_each(|core| of_client.set(core));
    cores.for_each(|core| of_server.set(core));
    if of_server.count() == 0 {
        return Ok(server());
    }
    sched_setaffinity(None, &of_server)?;
    let started = server();
    sched_setaffinity(None, &of_client)?;
    Ok(started)
}
