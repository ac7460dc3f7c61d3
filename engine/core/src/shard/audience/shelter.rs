//! Listeners who lose too much of the packs hear the slots, as long as there are not too many of them.

use std::time::Instant;

use super::{Audience, Feed, Hears, LinkKey};

impl Audience {
    /// A listener of the mix loses too much of it, as do `all` of the shard: true when it is to leave the mix, in the
    /// next good moment.
    pub fn shelter(&mut self, now: Instant, link: LinkKey, all: usize) -> bool {
        let affordable = self.crowd.affords_shelter(self.sheltered, all);
        let suffers = |listener: &&mut super::Listener| {
            listener.feed != Feed::Slots && listener.hears == Hears::Both && !listener.sheltered
        };
        let Some(listener) = self
            .listeners
            .get_mut(&link)
            .filter(|listener| affordable && suffers(listener))
        else {
            return false;
        };
        listener.sheltered = true;
        self.sheltered += 1;
        self.judge(now, link);
        true
    }

    /// Its network has become better.
    pub fn unshelter(&mut self, now: Instant, link: LinkKey) {
        if let Some(listener) = self.listeners.get_mut(&link) {
            self.sheltered -= usize::from(std::mem::take(&mut listener.sheltered));
            self.judge(now, link);
        }
    }
}
