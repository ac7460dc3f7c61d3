//! What is done for listeners who lose too much, as long as there are not too many of them: they hear the slots, and who
//! asks for nothing again is sent each packet of them twice.

use std::time::Instant;

use super::{Audience, Feed, Hears, LinkKey, Shelter};

impl Audience {
    /// A listener loses too much; others of the shard take `all` places because they do. True when there is something to
    /// be done for it, and a place: it leaves the mix in the next good moment, and is sent things twice at once.
    pub fn shelter(&mut self, now: Instant, link: LinkKey, kind: Shelter, all: usize) -> bool {
        let affordable = (self.crowd).affords_shelter(self.places, all, kind.places());
        let helps = |listener: &&mut super::Listener| {
            let of_packs = listener.feed != Feed::Slots && listener.hears == Hears::Both;
            let of_slots = kind == Shelter::Twice && listener.feed == Feed::Slots;
            listener.sheltered.is_none() && (of_packs || of_slots)
        };
        let Some(listener) = self
            .listeners
            .get_mut(&link)
            .filter(|listener| affordable && helps(listener))
        else {
            return false;
        };
        listener.sheltered = Some(kind);
        self.places += kind.places();
        if kind == Shelter::Twice {
            self.twice.push(link);
        }
        self.judge(now, link);
        true
    }

    /// Its network has become better.
    pub fn unshelter(&mut self, now: Instant, link: LinkKey) {
        self.expose(link);
        self.judge(now, link);
    }

    /// Gives back the places of a listener.
    pub(super) fn expose(&mut self, link: LinkKey) {
        let listener = self.listeners.get_mut(&link);
        if let Some(kind) = listener.and_then(|listener| listener.sheltered.take()) {
            self.places -= kind.places();
            self.twice.retain(|other| *other != link);
        }
    }
}
