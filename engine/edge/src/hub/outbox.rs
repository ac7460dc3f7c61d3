//! What one reader has still to be sent.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

/// Frames a slow reader may be behind by. Beyond that they are dropped and it starts again from a snapshot.
pub const OUTBOX_FRAMES: usize = 512;

/// Room for so many frames stays while a reader waits.
const IDLE_FRAMES: usize = 4;

/// A bounded queue from the hub to one HTTP response.
#[derive(Debug, Default)]
pub struct Outbox {
    inner: Mutex<Inner>,
    news: Notify,
    /// How often somebody looked in here.
    #[cfg(test)]
    pub(super) looks: std::sync::atomic::AtomicUsize,
}

#[derive(Debug, Default)]
struct Inner {
    queue: VecDeque<Bytes>,
    state: State,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Changes mean nothing to this reader before a snapshot has come.
    #[default]
    AwaitsSnapshot,
    Live,
    /// The queue overflowed and was emptied.
    Behind,
    Ended,
}

/// What the HTTP side is to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    Send(Bytes),
    /// Ask the hub for a fresh start, then go on.
    Resync,
    End,
}

impl Outbox {
    /// Waits for something to do.
    pub async fn next(&self) -> Next {
        loop {
            // Taken before looking, so that news between the look and the wait is not missed.
            let news = self.news.notified();
            if let Some(next) = self.try_next() {
                return next;
            }
            news.await;
        }
    }

    /// A snapshot and what follows it: the reader is in step from here on.
    pub(super) fn start(&self, frames: impl Iterator<Item = Bytes>) {
        self.change(|inner| {
            if inner.state != State::Ended {
                inner.queue.clear();
                inner.queue.extend(frames);
                inner.state = State::Live;
            }
        });
    }

    /// Nothing is worth sending before the next snapshot.
    pub(super) fn await_snapshot(&self) {
        self.change(|inner| {
            if inner.state != State::Ended {
                inner.queue.clear();
                inner.state = State::AwaitsSnapshot;
            }
        });
    }

    /// One more frame for a reader that is in step.
    pub(super) fn push(&self, frame: &Bytes) {
        self.change(|inner| {
            if inner.state != State::Live {
                return;
            }
            if inner.queue.len() < OUTBOX_FRAMES {
                inner.queue.push_back(frame.clone());
            } else {
                inner.queue.clear();
                inner.state = State::Behind;
            }
        });
    }

    /// The last frame, if any; then the stream ends.
    pub(super) fn end(&self, last: Option<Bytes>) {
        self.change(|inner| {
            if inner.state != State::Ended {
                inner.queue.extend(last);
                inner.state = State::Ended;
            }
        });
    }

    pub(super) fn try_next(&self) -> Option<Next> {
        let mut inner = self.lock();
        if let Some(frame) = inner.queue.pop_front() {
            return Some(Next::Send(frame));
        }
        // Thousands of readers that were slow once are not to keep the room they needed then.
        inner.queue.shrink_to(IDLE_FRAMES);
        match inner.state {
            State::AwaitsSnapshot | State::Live => None,
            State::Behind => Some(Next::Resync),
            State::Ended => Some(Next::End),
        }
    }

    fn change(&self, edit: impl FnOnce(&mut Inner)) {
        edit(&mut self.lock());
        self.news.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        #[cfg(test)]
        self.looks
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
