//! Listeners who lose much of what they are sent are spared the packs, as far as a thread affords it; who asks for
//! nothing again is sent everything twice.

use std::time::Instant;

use super::peer::Side;
use super::{LinkKey, Shard, ShardSink};

/// What is done for a listener that loses too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shelter {
    /// It hears the slots instead of packs. What it misses it asks for again.
    Slots,
    /// The same, and each packet of them is sent twice: it asks for nothing.
    Twice,
}

impl Shelter {
    /// Of those that a shard has, by the packets it costs.
    pub fn places(self) -> usize {
        match self {
            Self::Slots => 1,
            Self::Twice => 2,
        }
    }
}

impl Shard {
    /// Listeners for whom something is done because they lose too much.
    #[must_use]
    pub fn sheltered(&self) -> usize {
        self.rooms.iter().map(|(_, state)| state.sheltered()).sum()
    }

    /// A listener has lost so many packets more.
    pub(super) fn on_lost(
        &mut self,
        now: Instant,
        key: LinkKey,
        lost: u32,
        out: &mut impl ShardSink,
    ) {
        let sent = self.fanout.packets(key);
        let Some(peer) = self.links.get_mut(key) else {
            return;
        };
        let (Side::Listener(outbound), Some(state)) =
            (&mut peer.side, self.rooms.get_mut(peer.room))
        else {
            return;
        };
        let losses = &mut outbound.losses;
        let (kind, all) = (losses.remedy(), self.places);
        if losses.lose(now, sent, lost) && state.shelter(now, key, kind, all) {
            losses.shelter(now, sent, kind);
            self.places += kind.places();
            let room = peer.room;
            self.settle_room(now, room, out);
            self.schedule_room(room);
        }
    }

    /// Looks whether a listener that is spared the packs has a better network now.
    pub(super) fn look_after(&mut self, now: Instant, key: LinkKey, out: &mut impl ShardSink) {
        let sent = self.fanout.packets(key);
        let Some(peer) = self.links.get_mut(key) else {
            return;
        };
        let Side::Listener(outbound) = &mut peer.side else {
            return;
        };
        if let Some(kind) = outbound.losses.has_recovered(now, sent) {
            self.places -= kind.places();
            let room = peer.room;
            if let Some(state) = self.rooms.get_mut(room) {
                state.unshelter(now, key);
            }
            self.settle_room(now, room, out);
            self.schedule_room(room);
        }
    }
}
