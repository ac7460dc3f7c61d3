//! Sessions: opening, restarting, ending.

use std::net::IpAddr;
use std::time::Instant;

use super::budget::Budget;
use super::handshakes::Handshakes;
use super::inbound::Inbound;
use super::outbound::Outbound;
use super::peer::{Peer, Side};
use super::timers::Alarm;
use super::{
    Accepted, Bound, Door, LinkKey, Offered, ParticipantId, Refusal, Restarted, RoomId, RoomKey,
    SessionId, Shard, ShardSink,
};
use crate::ice::IceCredentials;
use crate::link::{Link, LinkConfig};
use crate::room::ParticipantKey;

impl Shard {
    /// Opens a session. One that the participant has at this door is closed and replaced.
    ///
    /// # Errors
    /// When the participant is not in the room, may not speak, or a limit is reached.
    pub fn connect(
        &mut self,
        now: Instant,
        room: &RoomId,
        participant: &ParticipantId,
        door: Door,
        offered: Offered,
        out: &mut impl ShardSink,
    ) -> Result<Accepted, Refusal> {
        let room = self.room_key(room).ok_or(Refusal::NotInRoom)?;
        self.has_room_for(offered.asked_from)?;
        let who = self.may_connect(room, participant, door)?;
        let (local, session) = (
            self.credentials(),
            SessionId::new(self.number, self.random()),
        );
        let (side, ssrcs) = self.side(room, door, &offered);
        let config = LinkConfig {
            local: local.clone(),
            remote: offered.remote,
            remote_fingerprint: offered.fingerprint,
            dtls_role: offered.dtls_role,
            extensions: offered.extensions,
            probe_secret: self.random(),
        };
        let peer = Peer {
            link: Link::new(config, &self.identity, now),
            room,
            who,
            session: session.clone(),
            asked_from: offered.asked_from,
            side,
            connected: false,
            waiting: 0,
            remote: None,
            next: None,
            section: Box::new(offered.section),
            ufrags: vec![local.ufrag().to_owned()],
            alarm: Alarm::default(),
            budget: Budget::of_listener(),
        };
        let cname = self
            .rooms
            .get(room)
            .map(|state| state.cname().to_owned())
            .unwrap_or_default();
        self.enter_link(now, door, peer, out);
        if let (Door::Whip, Some(state)) = (door, self.rooms.get_mut(room)) {
            state.hurry(now, who);
        }
        Ok(Accepted {
            session,
            local,
            ssrcs,
            cname,
        })
    }

    /// Whether there is such a session.
    ///
    /// # Errors
    /// When it is over, or never was.
    pub fn find(&self, session: &SessionId) -> Result<(), Refusal> {
        let found = self.by_session.contains_key(session);
        found.then_some(()).ok_or(Refusal::NoSession)
    }

    /// Takes the credentials of a trickle fragment (RFC 8840): those in use change nothing, new ones begin a new ICE
    /// generation, whose answer is returned. `ufrag` is the engine's own that the peer believes to be current.
    ///
    /// # Errors
    /// When the session is over, or has had a restart the peer does not know of.
    pub fn restart_ice(
        &mut self,
        session: &SessionId,
        ufrag: Option<&str>,
        remote: IceCredentials,
    ) -> Result<Option<Restarted>, Refusal> {
        let key = *self.by_session.get(session).ok_or(Refusal::NoSession)?;
        let local = self.credentials();
        let peer = self.links.get_mut(key).ok_or(Refusal::NoSession)?;
        if ufrag.is_some_and(|ufrag| peer.ufrags.last().is_none_or(|newest| newest != ufrag)) {
            return Err(Refusal::OtherGeneration);
        }
        if *peer.link.newest_remote() == remote {
            return Ok(None);
        }
        peer.link.restart_ice(local.clone(), remote);
        // The generation in use holds until the newest is used; one that never was is of no use any more.
        let in_use = peer.link.local_ufrag();
        for old in peer.ufrags.extract_if(.., |known| known != in_use) {
            self.by_ufrag.remove(&old);
        }
        peer.ufrags.push(local.ufrag().to_owned());
        let section = peer.section.as_ref().clone();
        self.by_ufrag.insert(local.ufrag().to_owned(), key);
        Ok(Some(Restarted { local, section }))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When it is over already.
    pub fn disconnect(
        &mut self,
        now: Instant,
        session: &SessionId,
        out: &mut impl ShardSink,
    ) -> Result<(), Refusal> {
        let key = *self.by_session.get(session).ok_or(Refusal::NoSession)?;
        self.forget_link(now, key, "closed", out);
        Ok(())
    }

    /// Closes a link and takes it out of every table.
    pub(super) fn forget_link(
        &mut self,
        now: Instant,
        key: LinkKey,
        reason: &'static str,
        out: &mut impl ShardSink,
    ) {
        let Some(mut peer) = self.links.try_remove(key) else {
            return;
        };
        peer.link.close(out);
        self.fanout.leave(key);
        if let Some(kind) = peer.side.sheltered() {
            self.places -= kind.places();
        }
        self.by_session.remove(&peer.session);
        for ufrag in &peer.ufrags {
            self.by_ufrag.remove(ufrag);
        }
        for address in [peer.remote, peer.next].into_iter().flatten() {
            self.addresses.leave(address, key);
        }
        if !peer.connected {
            let at = peer.remote.map(|remote| remote.ip());
            self.half_open.done(peer.asked_from, at);
        }
        if let Some(state) = self.rooms.get_mut(peer.room) {
            state.on_gone(now, key, peer.who, peer.side.door(), reason, out);
        }
        self.settle_room(now, peer.room, out);
        self.schedule_room(peer.room);
    }

    /// Whether the shard may hold one more session, and one that is asked for from there.
    fn has_room_for(&self, asked_from: IpAddr) -> Result<(), Refusal> {
        let (limits, opening) = (&self.limits, &self.half_open);
        let full = |what, limit| Err(Refusal::Full { what, limit });
        if self.links.len() >= limits.links {
            return full(Bound::Sessions, limits.links);
        }
        // First whose own doing it is: nobody is told of a server that is full because of himself.
        if opening.asked_from(asked_from) >= limits.asked_per_address {
            return full(Bound::SessionsOpeningPerAddress, limits.asked_per_address);
        }
        if opening.all() >= limits.half_open {
            return full(Bound::SessionsOpening, limits.half_open);
        }
        if self.handshakes.are_behind() {
            return full(Bound::HandshakesWaiting, Handshakes::BEHIND);
        }
        Ok(())
    }

    fn may_connect(
        &mut self,
        room: RoomKey,
        participant: &ParticipantId,
        door: Door,
    ) -> Result<ParticipantKey, Refusal> {
        let state = self.rooms.get_mut(room).ok_or(Refusal::NotInRoom)?;
        let limit = self.limits.links_per_room;
        if state.links >= limit {
            let what = Bound::SessionsInRoom;
            return Err(Refusal::Full { what, limit });
        }
        let who = state.people().key(participant).ok_or(Refusal::NotInRoom)?;
        let may_speak = state
            .people()
            .member(who)
            .is_some_and(|member| member.may_speak);
        if door == Door::Whip && !may_speak {
            return Err(Refusal::NotAllowedToSpeak);
        }
        Ok(who)
    }

    /// What flows, and under which SSRCs.
    fn side(&mut self, room: RoomKey, door: Door, offered: &Offered) -> (Side, Vec<u32>) {
        let own_ssrc = u32::from_be_bytes(self.random());
        let payload_type = offered.payload_type;
        if door == Door::Whip {
            return (
                Side::Speaker(Inbound::new(payload_type, offered.red, own_ssrc)),
                Vec::new(),
            );
        }
        let outbound = Outbound::new(payload_type, offered.audio_lines);
        let ssrc = |line| self.rooms.get(room).map_or(0, |state| state.ssrc(line));
        let ssrcs = outbound.open().map(ssrc).collect();
        (Side::Listener(outbound), ssrcs)
    }

    /// Enters a new link in every table and closes the one it replaces.
    fn enter_link(&mut self, now: Instant, door: Door, peer: Peer, out: &mut impl ShardSink) {
        let (room, who, session) = (peer.room, peer.who, peer.session.clone());
        let ufrags = peer.ufrags.clone();
        self.half_open.opened(peer.asked_from);
        let key = self.links.insert(peer);
        self.by_session.insert(session, key);
        for ufrag in ufrags {
            self.by_ufrag.insert(ufrag, key);
        }
        let mut replaced = None;
        if let Some(state) = self.rooms.get_mut(room) {
            state.links += 1;
            if let Some(member) = state.people().member(who) {
                replaced = member.door(door).link.replace(key);
            }
        }
        if let Some(old) = replaced {
            self.forget_link(now, old, "replaced", out);
        }
        self.schedule_link(key);
    }

    fn credentials(&mut self) -> IceCredentials {
        let random = self.random();
        IceCredentials::for_shard(self.number, &random)
    }
}
