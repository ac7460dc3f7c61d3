//! What one kind of viewer is told: a snapshot, the changes after it, and who reads.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use super::{Outbox, ReaderKey};

/// Changes kept for those who come back. The oldest goes when it is full.
pub const RING_CHANGES: usize = 256;
/// So many changes after the snapshot, and a fresh one is cheaper for everybody.
const STALE_AFTER: usize = 64;

#[derive(Debug)]
struct Change {
    after: u64,
    version: u64,
    frame: Bytes,
}

#[derive(Debug, Default)]
pub(super) struct View {
    snapshot: Option<(u64, Bytes)>,
    /// Each change begins where the one before it ends.
    ring: VecDeque<Change>,
    readers: HashMap<ReaderKey, Arc<Outbox>>,
    /// Readers who wait for a snapshot: known here, so that nobody has to look into every outbox for them.
    awaiting: HashSet<ReaderKey>,
    wanted: Wanted,
    /// Who is heard now, for those who come later.
    speaking: Option<Bytes>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    #[default]
    No,
    Yes,
    /// Python has been told and has not answered yet.
    Asked,
}

impl View {
    pub fn is_idle(&self) -> bool {
        self.readers.is_empty()
    }

    /// A snapshot from Python. One that is older than what is kept, or that no kept change continues, is of no use.
    pub fn snapshot(&mut self, version: u64, frame: Bytes) {
        self.wanted = Wanted::No;
        let newest = self.version();
        let older = self
            .snapshot
            .as_ref()
            .is_some_and(|(old, _)| *old > version);
        let continued =
            newest.is_none_or(|newest| version >= newest) || self.since(version).is_some();
        if !older && continued {
            self.ring.retain(|change| change.after >= version);
            self.snapshot = Some((version, frame));
            // Ahead of the changes: something was never published, so nobody is in step.
            if newest.is_some_and(|newest| newest < version) {
                self.awaiting.extend(self.readers.keys());
            }
            self.begin_awaiting();
        }
        self.want_if_needed();
    }

    pub fn publish(&mut self, after: u64, version: u64, frame: Bytes) {
        let newest = self.version();
        if newest.is_some_and(|newest| version <= newest) {
            return;
        }
        if newest.is_some_and(|newest| newest != after) {
            self.lose_track();
        }
        for outbox in self.readers.values() {
            outbox.push(&frame);
        }
        if self.ring.len() == RING_CHANGES {
            self.ring.pop_front();
        }
        self.ring.push_back(Change {
            after,
            version,
            frame,
        });
        self.want_if_needed();
    }

    /// Who is heard now: for every reader in step, and for those who come later.
    pub fn speaking(&mut self, frame: &Bytes) {
        for outbox in self.readers.values() {
            outbox.push(frame);
        }
        self.speaking = Some(frame.clone());
    }

    pub fn add(&mut self, key: ReaderKey, outbox: Arc<Outbox>, last_event_id: Option<u64>) {
        let resumed = last_event_id.and_then(|id| self.since(id));
        match resumed {
            Some(frames) => outbox.start(frames.into_iter().chain(self.speaking.clone())),
            None => self.start(key, &outbox),
        }
        self.readers.insert(key, outbox);
        self.want_if_needed();
    }

    pub fn take(&mut self, key: ReaderKey) -> Option<Arc<Outbox>> {
        self.awaiting.remove(&key);
        self.readers.remove(&key)
    }

    pub fn resync(&mut self, key: ReaderKey) {
        if let Some(outbox) = self.readers.get(&key).cloned() {
            self.start(key, &outbox);
            self.want_if_needed();
        }
    }

    /// The reader still waits: the question or the answer may have been lost.
    pub fn remind(&mut self, key: ReaderKey) {
        if self.awaiting.contains(&key) {
            self.wanted = Wanted::Yes;
        }
    }

    pub fn end_all(&mut self, last: Option<&Bytes>) {
        self.awaiting.clear();
        for (_, outbox) in self.readers.drain() {
            outbox.end(last.cloned());
        }
    }

    /// Calls `ask` if a snapshot is wanted and was not asked for yet; `ask` says whether it could.
    pub fn ask(&mut self, ask: impl FnOnce() -> bool) {
        if self.wanted == Wanted::Yes && ask() {
            self.wanted = Wanted::Asked;
        }
    }

    /// The frames of a fresh start, when the snapshot and the ring meet.
    fn fresh(&self) -> Option<Vec<Bytes>> {
        let (version, snapshot) = self.snapshot.as_ref()?;
        let changes = self.since(*version)?;
        Some(std::iter::once(snapshot.clone()).chain(changes).collect())
    }

    /// The frames of the changes after `version`, when the ring still has them all.
    fn since(&self, version: u64) -> Option<Vec<Bytes>> {
        if self.version() == Some(version) {
            return Some(Vec::new());
        }
        let first = self
            .ring
            .iter()
            .position(|change| change.after == version)?;
        Some(
            self.ring
                .range(first..)
                .map(|change| change.frame.clone())
                .collect(),
        )
    }

    fn start(&mut self, key: ReaderKey, outbox: &Outbox) {
        match self.fresh() {
            Some(frames) => {
                outbox.start(frames.into_iter().chain(self.speaking.clone()));
                self.awaiting.remove(&key);
            }
            None => {
                outbox.await_snapshot();
                self.awaiting.insert(key);
            }
        }
    }

    /// Starts everybody who waits, now that there is a snapshot.
    fn begin_awaiting(&mut self) {
        let Some(frames) = self.fresh() else {
            return;
        };
        for key in self.awaiting.drain() {
            if let Some(outbox) = self.readers.get(&key) {
                outbox.start(frames.iter().chain(&self.speaking).cloned());
            }
        }
    }

    /// The newest version anybody here has been told.
    fn version(&self) -> Option<u64> {
        let last = self.ring.back().map(|change| change.version);
        last.or(self.snapshot.as_ref().map(|(version, _)| *version))
    }

    /// A version is missing: whoever reads needs a fresh snapshot, and none of what is kept leads to it.
    fn lose_track(&mut self) {
        self.ring.clear();
        self.snapshot = None;
        for outbox in self.readers.values() {
            outbox.await_snapshot();
        }
        self.awaiting.extend(self.readers.keys());
    }

    fn want_if_needed(&mut self) {
        let stale = self.ring.len() > STALE_AFTER && !self.readers.is_empty();
        if (stale || !self.awaiting.is_empty()) && self.wanted == Wanted::No {
            self.wanted = Wanted::Yes;
        }
    }
}
