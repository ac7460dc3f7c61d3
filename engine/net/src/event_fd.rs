//! eventfd(2): how one thread wakes another that waits in poll, or Python's event loop.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// A non-blocking eventfd counter. Clone the [`std::sync::Arc`] around it to signal from other threads.
#[derive(Debug)]
pub struct EventFd {
    fd: OwnedFd,
    /// Signalled since the last reset: to say so again would be a system call for nothing.
    signalled: AtomicBool,
}

impl EventFd {
    /// # Errors
    /// When the process has no descriptor left.
    pub fn new() -> io::Result<Self> {
        // SAFETY: eventfd takes no pointers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just given us this descriptor; nobody else owns it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self {
            fd,
            signalled: AtomicBool::new(false),
        })
    }

    /// Makes the descriptor readable.
    pub fn signal(&self) {
        if self.signalled.swap(true, Ordering::SeqCst) {
            return;
        }
        let one = 1u64.to_ne_bytes();
        // SAFETY: the buffer is 8 bytes long. The only failure is a full counter, and then it is readable already.
        unsafe { libc::write(self.fd.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    /// Makes it unreadable until the next [`EventFd::signal`]. What was signalled before is to be looked for afterwards.
    pub fn reset(&self) {
        let mut count = [0u8; 8];
        // SAFETY: the buffer is 8 bytes long. The only failure is a counter at zero, which is what is wanted.
        unsafe { libc::read(self.fd.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
        // Not before: a signal between the two would be read away, and all later ones kept back.
        self.signalled.swap(false, Ordering::SeqCst);
    }
}

impl AsRawFd for EventFd {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;

    use super::*;

    fn is_readable(fd: &EventFd, timeout_ms: i32) -> bool {
        let mut descriptor = libc::pollfd {
            fd: fd.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: the pointer lives for the call.
        unsafe { libc::poll(&raw mut descriptor, 1, timeout_ms) == 1 }
    }

    #[test]
    fn signals_before_a_reset_are_one() {
        let fd = EventFd::new().unwrap();
        assert!(!is_readable(&fd, 0));
        fd.signal();
        fd.signal();
        assert!(is_readable(&fd, 0));
        fd.reset();
        assert!(!is_readable(&fd, 0));
        fd.signal();
        assert!(is_readable(&fd, 0));
    }

    #[test]
    fn nothing_that_is_signalled_is_missed_by_who_looks_after_each_reset() {
        const LAST: u64 = 200_000;
        let (fd, said) = (
            Arc::new(EventFd::new().unwrap()),
            Arc::new(AtomicU64::new(0)),
        );
        let speaker = {
            let (fd, said) = (Arc::clone(&fd), Arc::clone(&said));
            std::thread::spawn(move || {
                for number in 1..=LAST {
                    said.store(number, Ordering::SeqCst);
                    fd.signal();
                }
            })
        };
        while said.load(Ordering::SeqCst) < LAST {
            assert!(is_readable(&fd, 10_000), "a signal was lost");
            fd.reset();
        }
        speaker.join().unwrap();
    }
}
