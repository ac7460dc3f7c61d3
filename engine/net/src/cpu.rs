//! Which core a thread runs on, and how long it has run.

use std::io;
use std::time::Duration;

/// Whether each shard keeps to a core of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pinning {
    /// When there are several shards, and as many cores: one alone is best placed by the kernel.
    #[default]
    Auto,
    Always,
    Never,
}

impl Pinning {
    /// The core of shard `number` of `shards`, of those this process may use; None to leave it to the kernel. The last
    /// ones are taken first: interrupts tend to be served by the first.
    pub(crate) fn core(self, number: usize, shards: usize, allowed: &[usize]) -> Option<usize> {
        let enough = match self {
            Self::Auto => shards > 1 && allowed.len() >= shards,
            Self::Always => !allowed.is_empty(),
            Self::Never => false,
        };
        enough.then(|| allowed.iter().rev().cycle().nth(number).copied())?
    }
}

/// The cores this process may use; none when the kernel does not tell.
pub(crate) fn allowed_cores() -> Vec<usize> {
    // SAFETY: the set is plain memory that the call fills; CPU_ISSET checks its index against the set's size.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        if libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) != 0 {
            return Vec::new();
        }
        (0..8 * size_of::<libc::cpu_set_t>())
            .filter(|core| libc::CPU_ISSET(*core, &set))
            .collect()
    }
}

/// Keeps the calling thread on one core.
pub(crate) fn pin_to(core: usize) -> io::Result<()> {
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

/// CPU time the calling thread has used; None when the kernel does not tell.
pub(crate) fn thread_time() -> Option<Duration> {
    let mut spent = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `spent` is a valid timespec to write to.
    let told = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut spent) } == 0;
    told.then(|| Duration::new(spent.tv_sec as u64, spent.tv_nsec as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_get_cores_of_their_own_while_there_are_enough() {
        let cores = |pinning: Pinning, shards, allowed: &[usize]| -> Vec<Option<usize>> {
            (0..shards)
                .map(|number| pinning.core(number, shards, allowed))
                .collect()
        };
        assert_eq!(cores(Pinning::Auto, 2, &[0, 2, 5]), [Some(5), Some(2)]);
        assert_eq!(cores(Pinning::Auto, 2, &[3]), [None, None]);
        assert_eq!(cores(Pinning::Auto, 1, &[0, 1]), [None]);
        assert_eq!(cores(Pinning::Always, 2, &[3]), [Some(3), Some(3)]);
        assert_eq!(cores(Pinning::Never, 1, &[0, 1]), [None]);
        assert_eq!(cores(Pinning::Always, 1, &[]), [None]);
    }

    #[test]
    fn a_pinned_thread_may_use_that_core_alone() {
        let core = *allowed_cores().last().unwrap();
        let thread = std::thread::spawn(move || {
            pin_to(core).unwrap();
            (allowed_cores(), thread_time())
        });
        let (cores, time) = thread.join().unwrap();
        assert_eq!(cores, [core]);
        assert!(time.is_some());
    }
}
