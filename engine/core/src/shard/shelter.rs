//! Listeners who lose much of what they are sent are spared the packs, as far as a thread affords it.

use std::time::Instant;

use super::peer::Side;
use super::{LinkKey, Shard, ShardSink};

impl Shard {
    /// Listeners of packed rooms who hear the slots because they lose too much.
    #[must_use]
    pub fn sheltered(&self) -> usize {
        self.sheltered
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
        let all = self.sheltered;
        if losses.lose(now, sent, lost) && state.shelter(now, key, all) {
            losses.shelter(now, sent);
            self.sheltered += 1;
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
        if outbound.losses.has_recovered(now, sent) {
            self.sheltered -= 1;
            let room = peer.room;
            if let Some(state) = self.rooms.get_mut(room) {
                state.unshelter(now, key);
            }
            self.settle_room(now, room, out);
            self.schedule_room(room);
        }
    }
}
