//! What Python is told, in batches.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use palabre_core::shard::{Door, ParticipantId, RecordingId, RoomId};

use crate::EventFd;

/// The way by which a participant is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventDoor {
    Media(Door),
    /// The event stream.
    Events,
}

impl EventDoor {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Media(Door::Whip) => "whip",
            Self::Media(Door::Whep) => "whep",
            Self::Events => "events",
        }
    }
}

/// Something that happened in the engine and that Python did not ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineEvent {
    Connected {
        room: RoomId,
        participant: ParticipantId,
        door: EventDoor,
    },
    Disconnected {
        room: RoomId,
        participant: ParticipantId,
        door: EventDoor,
        reason: &'static str,
    },
    StartedSpeaking {
        room: RoomId,
        participant: ParticipantId,
    },
    SnapshotWanted {
        topic: String,
        view: String,
    },
    RecordingStopped {
        room: RoomId,
        recording: RecordingId,
        path: PathBuf,
        duration_ms: u64,
    },
    RecordingFailed {
        room: RoomId,
        recording: RecordingId,
        reason: String,
    },
}

/// Events on their way to Python, and the eventfd that tells of them.
#[derive(Debug)]
pub struct EventQueue {
    waiting: Mutex<Waiting>,
    capacity: usize,
    ready: EventFd,
    lost: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<EngineEvent>,
    /// Python has been told, and has not come yet.
    told: bool,
}

impl EventQueue {
    /// Holds at most `capacity` events; what comes when it is full is dropped and counted in [`EventQueue::lost`].
    ///
    /// # Errors
    /// When the process has no descriptor left.
    pub fn new(capacity: usize) -> io::Result<Self> {
        Ok(Self {
            waiting: Mutex::default(),
            capacity,
            ready: EventFd::new()?,
            lost: AtomicU64::new(0),
        })
    }

    /// Adds an event and tells of it; false when there was no room for it.
    pub fn push(&self, event: EngineEvent) -> bool {
        let added = self.add(event);
        self.tell();
        added
    }

    /// Adds an event that Python is to hear of with the next [`EventQueue::tell`]; false when there was no room for it.
    pub fn add(&self, event: EngineEvent) -> bool {
        let mut waiting = self.lock();
        let room = waiting.events.len() < self.capacity;
        if room {
            waiting.events.push_back(event);
        } else {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        room
    }

    /// Makes the descriptor readable when something waits of which nobody has been told.
    pub fn tell(&self) {
        let mut waiting = self.lock();
        let news = !waiting.events.is_empty() && !waiting.told;
        waiting.told |= news;
        // Who wakes up wants the lock at once.
        drop(waiting);
        if news {
            self.ready.signal();
        }
    }

    /// Everything that waits, oldest first.
    #[must_use]
    pub fn drain(&self) -> VecDeque<EngineEvent> {
        let mut waiting = self.lock();
        self.ready.reset();
        waiting.told = false;
        std::mem::take(&mut waiting.events)
    }

    /// Events dropped because nobody drained the queue.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A panic elsewhere cannot leave a VecDeque of events half changed.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Readable when [`EventQueue::drain`] has something that was told.
impl AsRawFd for EventQueue {
    fn as_raw_fd(&self) -> RawFd {
        self.ready.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(view: &str) -> EngineEvent {
        EngineEvent::SnapshotWanted {
            topic: "room:a".into(),
            view: view.into(),
        }
    }

    #[test]
    fn events_come_out_in_order_and_once() {
        let queue = EventQueue::new(8).unwrap();
        assert!(queue.push(wanted("manager")) && queue.push(wanted("guest")));
        assert_eq!(queue.drain(), [wanted("manager"), wanted("guest")]);
        assert_eq!(queue.drain(), []);
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let queue = EventQueue::new(1).unwrap();
        assert!(queue.push(wanted("manager")));
        assert!(!queue.push(wanted("guest")));
        assert_eq!((queue.lost(), queue.drain().len()), (1, 1));
    }
}
