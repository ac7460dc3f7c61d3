//! A session's life: it has shaken hands, is somewhere else, is over.

use std::net::SocketAddr;
use std::time::Instant;

use super::peer::Side;
use super::{LinkKey, Shard, ShardSink, types};
use crate::fanout::Listener;
use crate::link::CloseReason;

impl Shard {
    pub(super) fn on_connected(&mut self, now: Instant, key: LinkKey, out: &mut impl ShardSink) {
        let Some(peer) = self.links.get_mut(key) else {
            return;
        };
        peer.connected = true;
        let at = peer.remote.map(|remote| remote.ip());
        self.half_open.done(peer.asked_from, at);
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

    /// After an authenticated check the peer may be somewhere else.
    pub(super) fn learn_address(&mut self, key: LinkKey) {
        let Some(peer) = self.links.get_mut(key) else {
            return;
        };
        let remote = peer.link.remote();
        if remote == peer.remote {
            return;
        }
        if let Some(old) = peer
            .remote
            .filter(|old| self.by_remote.get(old) == Some(&key))
        {
            self.by_remote.remove(&old);
        }
        if !peer.connected {
            let ip = |address: SocketAddr| address.ip();
            self.half_open.moved(peer.remote.map(ip), remote.map(ip));
        }
        peer.remote = remote;
        if let Some(remote) = remote {
            self.by_remote.insert(remote, key);
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
