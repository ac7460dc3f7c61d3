//! What is due when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use super::{LinkKey, RoomKey};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Link(LinkKey),
    Room(RoomKey),
    /// The next step of the sender reports.
    Reports,
}

/// A heap of instants. Entries are never taken back: who is woken in vain looks and goes back to sleep, which is rare,
/// for an owner adds an entry only when it is due earlier than it is already.
#[derive(Debug, Default)]
pub(super) struct Timers(BinaryHeap<Reverse<(Instant, Due)>>);

impl Timers {
    pub fn add(&mut self, at: Instant, due: Due) {
        self.0.push(Reverse((at, due)));
    }

    pub fn next(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    pub fn pop(&mut self, now: Instant) -> Option<Due> {
        if self.next()? > now {
            return None;
        }
        self.0.pop().map(|Reverse((_, due))| due)
    }
}

/// When its owner's earliest entry is due.
#[derive(Debug, Default)]
pub(super) struct Alarm(Option<Instant>);

impl Alarm {
    /// Sees to it that the owner is woken at `wanted`.
    pub fn set(&mut self, wanted: Option<Instant>, due: Due, timers: &mut Timers) {
        let Some(at) = wanted else {
            return;
        };
        if self.0.is_none_or(|set| at < set) {
            self.0 = Some(at);
            timers.add(at, due);
        }
    }

    /// The owner has been woken: later wishes need a new entry.
    pub fn rang(&mut self, now: Instant) {
        if self.0.is_some_and(|set| set <= now) {
            self.0 = None;
        }
    }
}
