//! What a shard has to report to Python, without waking it for each report.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::{EngineEvent, EventQueue};

/// Python is woken no more often by a shard: in a storm of joins each waking costs a tenth of a join, and takes the core
/// from the handshakes that come next.
const EVERY: Duration = Duration::from_millis(10);

/// Reports that wait until Python is told.
pub(crate) struct Reports {
    queue: Arc<EventQueue>,
    /// Something was added since Python was told.
    waiting: bool,
    /// From when on it may be told again.
    from: Instant,
}

impl Reports {
    pub fn new(queue: Arc<EventQueue>, now: Instant) -> Self {
        Self {
            queue,
            waiting: false,
            from: now,
        }
    }

    pub fn add(&mut self, event: EngineEvent) {
        // What finds no room is counted by the queue.
        self.waiting |= self.queue.add(event);
    }

    /// When [`Reports::tell`] has something to do.
    pub fn due(&self) -> Option<Instant> {
        self.waiting.then_some(self.from)
    }

    /// Tells Python what waits, when it is time to.
    pub fn tell(&mut self, now: Instant) {
        if self.due().is_some_and(|at| at <= now) {
            (self.waiting, self.from) = (false, now + EVERY);
            self.queue.tell();
        }
    }

    /// The same, whatever the time: there is no later.
    pub fn tell_last(&mut self) {
        self.queue.tell();
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    fn woken(queue: &EventQueue) -> bool {
        let mut descriptor = libc::pollfd {
            fd: queue.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: the pointer lives for the call.
        unsafe { libc::poll(&raw mut descriptor, 1, 0) == 1 }
    }

    fn event() -> EngineEvent {
        EngineEvent::StartedSpeaking {
            room: "room".into(),
            participant: "p".into(),
        }
    }

    #[test]
    fn the_first_report_wakes_python_at_once_and_those_after_it_together() {
        let queue = Arc::new(EventQueue::new(100).unwrap());
        let start = Instant::now();
        let mut reports = Reports::new(Arc::clone(&queue), start);
        reports.tell(start);
        assert!(!woken(&queue), "there is nothing to tell");
        reports.add(event());
        reports.tell(start);
        assert!(woken(&queue));
        assert_eq!(queue.drain().len(), 1);
        for _ in 0..30 {
            reports.add(event());
            reports.tell(start + EVERY / 2);
        }
        assert!(!woken(&queue));
        assert_eq!(reports.due(), Some(start + EVERY));
        reports.tell(start + EVERY);
        assert!(woken(&queue));
        assert_eq!((queue.drain().len(), reports.due()), (30, None));
    }

    #[test]
    fn what_others_told_is_not_told_again() {
        let queue = Arc::new(EventQueue::new(100).unwrap());
        let start = Instant::now();
        let mut reports = Reports::new(Arc::clone(&queue), start);
        reports.add(event());
        assert!(queue.push(event()) && woken(&queue));
        assert_eq!(queue.drain().len(), 2);
        reports.tell(start);
        assert!(!woken(&queue));
    }
}
