//! A session's life: it has shaken hands, is somewhere else, is over.

use std::time::Instant;

use super::peer::Side;
use super::{LinkKey, Shard, ShardSink, types};
use crate::fanout::Listener;
use crate::ice::Path;
use crate::link::CloseReason;

impl Shard {
    pub(super) fn on_connected(&mut self, now: Instant, key: LinkKey, out: &mut impl ShardSink) {
        let Some(peer) = self.links.get_mut(key) else {
            return;
        };
        peer.connected = true;
        let at = peer.remote.map(|remote| remote.ip());
        self.half_open.done(peer.asked_from, at);
        if let Some(remote) = peer.remote {
            self.addresses.prove(remote, key);
        }
        let (room_key, who, door) = (peer.room, peer.who, peer.side.door());
        // Who only speaks is never sent a voice, and needs no key for it.
        let sealer = peer.link.take_rtp_sealer();
        if let (Side::Listener(outbound), Some(path), Some(consent_until), Some(sealer)) = (
            &peer.side,
            peer.link.path(),
            peer.link.consent_until(),
            sealer,
        ) {
            let listener = Listener {
                who,
                payload_type: outbound.payload_type,
                open: outbound.open(),
                path,
                consent_until,
                sealer,
            };
            self.fanout.enter(key, listener);
        }
        if let Some(state) = self.rooms.get_mut(room_key) {
            match &peer.side {
                Side::Listener(outbound) => state.feed(now, key, who, outbound.hears()),
                Side::Speaker(_) => state.unmix(who, &mut self.fanout),
            }
            state.on_connected(who, door, out);
        }
        self.settle_room(now, room_key, out);
        self.schedule_link(key);
        self.schedule_room(room_key);
    }

    pub(super) fn on_closed(
        &mut self,
        now: Instant,
        key: LinkKey,
        reason: CloseReason,
        out: &mut impl ShardSink,
    ) {
        self.forget_link(now, key, types::word(reason), out);
    }

    /// After a check on `path`, or the answer to one, the peer may be somewhere else, or about to move there: nothing of
    /// what it sends meanwhile is to be lost.
    pub(super) fn learn_addresses(&mut self, key: LinkKey, path: Path) {
        let Some(peer) = self.links.get_mut(key) else {
            return;
        };
        let here = peer.link.remote();
        let checked = Some(path.remote).filter(|_| peer.link.is_checked(path));
        let next = [checked, peer.next].into_iter().flatten();
        let next = next.into_iter().find(|remote| Some(*remote) != here);
        let moved = here != peer.remote;
        let before = [
            std::mem::replace(&mut peer.remote, here),
            std::mem::replace(&mut peer.next, next),
        ];
        let left = before.into_iter().flatten();
        left.filter(|old| ![here, next].contains(&Some(*old)))
            .for_each(|old| self.addresses.leave(old, key));
        if let Some(next) = next {
            self.addresses.claim(next, key);
        }
        let connected = peer.connected;
        match here {
            // A link that is connected moves only where its peer has answered.
            Some(here) if connected && moved => self.addresses.prove(here, key),
            Some(here) if !connected => self.addresses.claim(here, key),
            Some(_) | None => {}
        }
        if moved && !connected {
            let [old, new] = [before[0], here].map(|place| place.map(|address| address.ip()));
            self.half_open.moved(old, new);
        }
    }

    /// After an authenticated check the peer may be sent to for longer, or somewhere else.
    pub(super) fn learn_consent(&mut self, key: LinkKey) {
        let link = self.links.get(key).map(|peer| &peer.link);
        let known = link.and_then(|link| Some((link.path()?, link.consent_until()?)));
        if let Some((path, until)) = known {
            self.fanout.consents(key, path, until);
        }
    }
}
