//! Which core a thread runs on, and how long it has run.

use std::io;
use std::time::Duration;

/// Keeps the calling thread on one core, so that a measurement is not disturbed by moves.
pub fn pin_to_core(core: usize) -> io::Result<()> {
    // SAFETY: the set is plain memory that lives through the call; CPU_SET checks its index against the set's size.
    let result = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set)
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Lets the calling thread run before all others when it has something to do. Takes root; true when it was allowed.
pub fn run_first() -> bool {
    let priority = libc::sched_param { sched_priority: 10 };
    // SAFETY: the parameter is a plain value that lives through the call.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const priority) == 0 }
}

/// CPU time the calling thread has used, in user and kernel mode.
pub fn thread_time() -> io::Result<Duration> {
    let mut spent = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `spent` is a valid timespec to write to.
    if unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut spent) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Duration::new(spent.tv_sec as u64, spent.tv_nsec as u32))
}
