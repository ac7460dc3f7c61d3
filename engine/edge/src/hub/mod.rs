//! Who is told what: snapshots and changes from Python, serialised once, to every reader of a topic.
//!
//! One lock guards everything: what is done under it is moving reference-counted bytes into bounded queues.

pub(crate) mod frame;
mod outbox;
mod topic;
mod view;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use palabre_core::shard::{ParticipantId, RoomId};
use palabre_net::{EngineEvent, EventDoor, EventQueue};
use tokio::sync::Notify;

pub use outbox::{Next, Outbox};
pub use topic::ReaderKey;
use topic::Topic;

/// Why a reader is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    #[error("This room is not live, or you are not in it any more. Join it again.")]
    NotInRoom,
    #[error("This server holds {limit} event streams. Try again later.")]
    TooMany { limit: usize },
}

/// A reader to be: what its ticket says, and what it had read before.
#[derive(Debug)]
pub struct Reader<'a> {
    pub topic: &'a str,
    pub view: &'a str,
    pub participant: Option<&'a str>,
    pub last_event_id: Option<u64>,
}

/// All topics and their readers.
#[derive(Debug)]
pub struct Hub {
    state: Mutex<State>,
    events: Arc<EventQueue>,
    /// Somebody came or went, and Python has not been told.
    unreported: Notify,
    max_readers: usize,
}

#[derive(Debug, Default)]
struct State {
    topics: HashMap<String, Topic>,
    next_key: u64,
    readers: usize,
}

impl Hub {
    #[must_use]
    pub fn new(events: Arc<EventQueue>, max_readers: usize) -> Self {
        Self {
            state: Mutex::default(),
            events,
            unreported: Notify::new(),
            max_readers,
        }
    }

    /// Tells Python who came and who went, for ever: together, and not again before `every` has passed. Whoever waits for a
    /// snapshot is reported at once.
    pub async fn report(&self, every: Duration) {
        loop {
            self.unreported.notified().await;
            self.events.tell();
            tokio::time::sleep(every).await;
        }
    }

    /// From now on participants of `room` may be admitted.
    pub fn open_room(&self, room: &RoomId) {
        self.lock()
            .topics
            .entry(room_topic(room.as_str()))
            .or_default();
    }

    /// Lets participants' event streams in, each as a viewer of a kind; a stream that is open changes its kind.
    pub fn admit<'a>(
        &self,
        room: &RoomId,
        people: impl Iterator<Item = (&'a ParticipantId, &'a str)>,
    ) {
        let name = room_topic(room.as_str());
        if let Some(topic) = self.lock().topics.get_mut(&name) {
            for (participant, view) in people {
                topic.admit(participant.as_str(), view);
            }
            self.ask_for_snapshots(&name, topic);
        }
    }

    /// Ends the participant's stream with `bye`.
    pub fn remove(&self, room: &RoomId, participant: &ParticipantId, code: &str) {
        if let Some(topic) = self.lock().topics.get_mut(&room_topic(room.as_str())) {
            topic.remove(participant.as_str(), frame::bye(code));
        }
    }

    /// Ends all streams of the room with `bye` and forgets it.
    pub fn close_room(&self, room: &RoomId, code: &str) {
        self.end(&room_topic(room.as_str()), Some(frame::bye(code)));
    }

    /// Ends all streams of a topic and forgets it; clients come back and get a fresh snapshot.
    pub fn close_topic(&self, topic: &str) {
        self.end(topic, None);
    }

    /// Ends everything: the server stops.
    pub fn close_all(&self) {
        for (_, mut topic) in self.lock().topics.drain() {
            topic.end_all(None);
        }
    }

    /// What a viewer of that kind sees at `version`; `data` is one JSON document.
    pub fn snapshot(&self, topic: &str, view: &str, version: u64, data: &[u8]) {
        let mut state = self.lock();
        // Whoever asked for it may have gone; then nobody would ever take it away.
        let Some(found) = state.topics.get_mut(topic) else {
            return;
        };
        found.snapshot(view, version, frame::snapshot(version, data));
        self.ask_for_snapshots(topic, found);
    }

    /// A change that leads from version `after` to `version`; `data` is one JSON document.
    pub fn publish(&self, topic: &str, view: &str, after: u64, version: u64, data: &[u8]) {
        let mut state = self.lock();
        // Whoever opens it next begins with a snapshot.
        let Some(found) = state.topics.get_mut(topic) else {
            return;
        };
        found.publish(view, after, version, frame::change(version, data));
        self.ask_for_snapshots(topic, found);
    }

    /// The set of those who are heard changed.
    pub fn speaking(&self, room: &RoomId, participants: &[ParticipantId]) {
        if let Some(topic) = self.lock().topics.get_mut(&room_topic(room.as_str())) {
            topic.speaking(frame::speaking(participants));
        }
    }

    /// Opens a stream. A second one of the same participant ends the first, and Python is not bothered with it.
    ///
    /// # Errors
    /// When the topic is a room that is not open to this participant, or the server is full.
    pub fn connect(&self, reader: &Reader<'_>) -> Result<(ReaderKey, Arc<Outbox>), Refused> {
        let mut state = self.lock();
        if state.readers >= self.max_readers {
            return Err(Refused::TooMany {
                limit: self.max_readers,
            });
        }
        let key = ReaderKey(state.next_key);
        let topic = state.topic_for(reader.topic).ok_or(Refused::NotInRoom)?;
        let joined = topic.connect(key, reader).ok_or(Refused::NotInRoom)?;
        if let (Some((room, participant)), false) = (in_room(reader), joined.replaced) {
            self.add_report(EngineEvent::Connected {
                room,
                participant,
                door: EventDoor::Events,
            });
        }
        self.ask_for_snapshots(reader.topic, topic);
        state.next_key += 1;
        state.readers += 1;
        Ok((key, joined.outbox))
    }

    /// The stream has ended on the client's side, or was ended by us and has been written out.
    pub fn disconnect(&self, topic: &str, key: ReaderKey) {
        let mut state = self.lock();
        state.readers = state.readers.saturating_sub(1);
        let Some(found) = state.topics.get_mut(topic) else {
            return;
        };
        let left = found.disconnect(key);
        if found.is_idle() && !is_room(topic) {
            state.topics.remove(topic);
        }
        if let (Some(room), Some(participant)) = (topic.strip_prefix(ROOM), left) {
            self.add_report(EngineEvent::Disconnected {
                room: room.into(),
                participant: participant.as_str().into(),
                door: EventDoor::Events,
                reason: "closed",
            });
        }
    }

    /// A reader that fell behind has caught up with its queue: it starts again from a snapshot.
    pub fn resync(&self, topic: &str, key: ReaderKey) {
        if let Some(found) = self.lock().topics.get_mut(topic) {
            found.resync(key);
            self.ask_for_snapshots(topic, found);
        }
    }

    /// A reader has waited long for a snapshot: asks Python again.
    pub fn remind(&self, topic: &str, key: ReaderKey) {
        if let Some(found) = self.lock().topics.get_mut(topic) {
            found.remind(key);
            self.ask_for_snapshots(topic, found);
        }
    }

    /// Open streams.
    #[must_use]
    pub fn readers(&self) -> usize {
        self.lock().readers
    }

    fn add_report(&self, event: EngineEvent) {
        // What finds no room is counted by the queue.
        if self.events.add(event) {
            self.unreported.notify_one();
        }
    }

    /// Asks Python for the snapshots that somebody waits for, once each.
    fn ask_for_snapshots(&self, name: &str, topic: &mut Topic) {
        topic.ask(|view| {
            self.events.push(EngineEvent::SnapshotWanted {
                topic: name.to_owned(),
                view: view.to_owned(),
            })
        });
    }

    fn end(&self, topic: &str, last: Option<Bytes>) {
        if let Some(mut found) = self.lock().topics.remove(topic) {
            found.end_all(last);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can panic half-way through a change that others rely on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A room must have been opened; any other topic begins with its first reader, and ends with its last.
    fn topic_for(&mut self, name: &str) -> Option<&mut Topic> {
        if !is_room(name) && !self.topics.contains_key(name) {
            self.topics.insert(name.to_owned(), Topic::default());
        }
        self.topics.get_mut(name)
    }
}

const ROOM: &str = "room:";

fn is_room(topic: &str) -> bool {
    topic.starts_with(ROOM)
}

fn room_topic(room: &str) -> String {
    format!("{ROOM}{room}")
}

fn in_room(reader: &Reader<'_>) -> Option<(RoomId, ParticipantId)> {
    let room = reader.topic.strip_prefix(ROOM)?;
    Some((room.into(), reader.participant?.into()))
}

#[cfg(test)]
mod tests;
