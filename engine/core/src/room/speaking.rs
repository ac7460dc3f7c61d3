//! Who is heard speaking, for the rings around the faces.

use std::time::{Duration, Instant};

use super::{ParticipantKey, RoomSink};

/// A pause shorter than this does not put a ring out.
const HANGOVER: Duration = Duration::from_millis(500);

/// The speaking set; at most as many as were forwarded within the hangover.
#[derive(Debug, Default)]
pub(super) struct Speaking {
    until: Vec<(ParticipantKey, Instant)>,
    /// The keys of `until`, for the sink.
    keys: Vec<ParticipantKey>,
}

impl Speaking {
    /// A loud packet of `who` was forwarded.
    pub fn heard(&mut self, now: Instant, who: ParticipantKey, out: &mut impl RoomSink) {
        let until = now + HANGOVER;
        if let Some(entry) = self.until.iter_mut().find(|(key, _)| *key == who) {
            entry.1 = until;
            return;
        }
        self.until.push((who, until));
        out.started_speaking(who);
        self.tell(out);
    }

    /// `who` lost the right, or left.
    pub fn forget(&mut self, who: ParticipantKey, out: &mut impl RoomSink) {
        self.keep(|(key, _)| *key != who, out);
    }

    pub fn expire(&mut self, now: Instant, out: &mut impl RoomSink) {
        self.keep(|(_, until)| *until > now, out);
    }

    pub fn next_timeout(&self) -> Option<Instant> {
        self.until.iter().map(|(_, until)| *until).min()
    }

    fn keep(
        &mut self,
        wanted: impl FnMut(&(ParticipantKey, Instant)) -> bool,
        out: &mut impl RoomSink,
    ) {
        let before = self.until.len();
        self.until.retain(wanted);
        if self.until.len() != before {
            self.tell(out);
        }
    }

    fn tell(&mut self, out: &mut impl RoomSink) {
        self.keys.clear();
        self.keys.extend(self.until.iter().map(|(key, _)| *key));
        out.speaking(&self.keys);
    }
}
