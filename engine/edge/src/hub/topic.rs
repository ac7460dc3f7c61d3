//! One room's or one chat's streams.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::view::View;
use super::{Outbox, Reader, is_room};

/// One open stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReaderKey(pub(super) u64);

#[derive(Debug, Default)]
pub(super) struct Topic {
    views: HashMap<String, View>,
    admitted: HashMap<String, Admitted>,
    streams: HashMap<ReaderKey, Stream>,
    /// Who is heard now, for those who come later.
    speaking: Option<Bytes>,
}

/// A participant Python has let in.
#[derive(Debug)]
struct Admitted {
    view: String,
    stream: Option<ReaderKey>,
}

#[derive(Debug)]
struct Stream {
    view: String,
    participant: Option<String>,
}

pub(super) struct Joined {
    pub outbox: Arc<Outbox>,
    /// The participant had a stream already, which has been ended.
    pub replaced: bool,
}

impl Topic {
    pub fn is_idle(&self) -> bool {
        self.views.values().all(View::is_idle)
    }

    pub fn admit(&mut self, participant: &str, view: &str) {
        let Some(known) = self.admitted.get_mut(participant) else {
            let fresh = Admitted {
                view: view.to_owned(),
                stream: None,
            };
            self.admitted.insert(participant.to_owned(), fresh);
            return;
        };
        if known.view == view {
            return;
        }
        view.clone_into(&mut known.view);
        if let Some(key) = known.stream {
            self.move_stream(key, view);
        }
    }

    pub fn remove(&mut self, participant: &str, bye: Bytes) {
        let known = self.admitted.remove(participant);
        if let Some(key) = known.and_then(|known| known.stream) {
            self.end(key, bye);
        }
    }

    /// None when the topic is a room and the participant is not in it.
    pub fn connect(&mut self, key: ReaderKey, reader: &Reader<'_>) -> Option<Joined> {
        let (view, before) = if is_room(reader.topic) {
            let known = self.admitted.get_mut(reader.participant?)?;
            (known.view.clone(), known.stream.replace(key))
        } else {
            (reader.view.to_owned(), None)
        };
        if let Some(old) = before {
            self.end(old, super::frame::bye("TAKEN_OVER"));
        }
        let outbox = Arc::new(Outbox::default());
        self.enter(key, &view, Arc::clone(&outbox), reader.last_event_id);
        let participant = reader.participant.map(str::to_owned);
        self.streams.insert(key, Stream { view, participant });
        Some(Joined {
            outbox,
            replaced: before.is_some(),
        })
    }

    /// Forgets a stream; the participant who has none any more.
    pub fn disconnect(&mut self, key: ReaderKey) -> Option<String> {
        let stream = self.streams.remove(&key)?;
        self.leave_view(&stream.view, key);
        let participant = stream.participant?;
        let known = self.admitted.get_mut(&participant)?;
        if known.stream != Some(key) {
            return None;
        }
        known.stream = None;
        Some(participant)
    }

    pub fn resync(&mut self, key: ReaderKey) {
        if let Some(view) = self
            .streams
            .get(&key)
            .and_then(|stream| self.views.get_mut(&stream.view))
        {
            view.resync(key);
        }
    }

    pub fn remind(&mut self, key: ReaderKey) {
        if let Some(view) = self
            .streams
            .get(&key)
            .and_then(|stream| self.views.get_mut(&stream.view))
        {
            view.remind(key);
        }
    }

    pub fn snapshot(&mut self, view: &str, version: u64, frame: Bytes) {
        self.view(view).snapshot(version, frame);
    }

    pub fn publish(&mut self, view: &str, after: u64, version: u64, frame: Bytes) {
        self.view(view).publish(after, version, frame);
    }

    pub fn speaking(&mut self, frame: Bytes) {
        for view in self.views.values_mut() {
            view.speaking(&frame);
        }
        self.speaking = Some(frame);
    }

    pub fn end_all(&mut self, last: Option<Bytes>) {
        for view in self.views.values_mut() {
            view.end_all(last.as_ref());
        }
    }

    /// Calls `ask` for each view that wants a snapshot; it says whether it could ask.
    pub fn ask(&mut self, ask: impl Fn(&str) -> bool) {
        for (name, view) in &mut self.views {
            view.ask(|| ask(name));
        }
    }

    fn move_stream(&mut self, key: ReaderKey, to: &str) {
        let Some(stream) = self.streams.get_mut(&key) else {
            return;
        };
        let from = std::mem::replace(&mut stream.view, to.to_owned());
        if let Some(outbox) = self.leave_view(&from, key) {
            self.enter(key, to, outbox, None);
        }
    }

    fn enter(
        &mut self,
        key: ReaderKey,
        view: &str,
        outbox: Arc<Outbox>,
        last_event_id: Option<u64>,
    ) {
        self.view(view).add(key, outbox, last_event_id);
    }

    fn leave_view(&mut self, view: &str, key: ReaderKey) -> Option<Arc<Outbox>> {
        self.views.get_mut(view)?.take(key)
    }

    fn end(&mut self, key: ReaderKey, last: Bytes) {
        let view = self.streams.remove(&key).map(|stream| stream.view);
        if let Some(outbox) = view.and_then(|view| self.leave_view(&view, key)) {
            outbox.end(Some(last));
        }
    }

    fn view(&mut self, name: &str) -> &mut View {
        let speaking = self.speaking.as_ref();
        self.views.entry(name.to_owned()).or_insert_with(|| {
            let mut view = View::default();
            if let Some(frame) = speaking {
                view.speaking(frame);
            }
            view
        })
    }
}
