//! Links and rooms together: what one thread of the engine owns. Sans-I/O: datagrams, wishes and instants in;
//! datagrams and events out through [`ShardSink`].

mod addresses;
mod audience;
mod bound;
mod budget;
mod commands;
mod connect;
mod deliver;
mod half_open;
mod handshakes;
mod ids;
mod inbound;
mod losses;
mod outbound;
mod peer;
mod reports;
mod room_state;
mod sessions;
mod shelter;
mod timers;
mod traffic;
mod types;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use slab::Slab;

use crate::dtls::Identity;
use crate::fanout::Fanout;
use crate::ice::Path;
use crate::link::{Received, peek_ufrag};
use crate::rtcp;
use crate::stun;

pub use bound::Bound;
pub use ids::{Door, ParticipantId, RecordingId, RoomId};
pub use types::{
    Accepted, Counts, Entropy, FloorRules, Limits, NtpClock, Offered, Refusal, Restarted,
    SessionId, ShardEvent, ShardSink,
};

use addresses::Addresses;
use deliver::Deliver;
use half_open::HalfOpen;
use handshakes::Handshakes;
use peer::{Peer, Side};
use reports::Round;
use room_state::RoomState;
use timers::{Alarm, Due, Timers};

/// The index of a link or a room in its [`Slab`]; reused after the end.
type LinkKey = usize;
type RoomKey = usize;

/// Forwarded sound that waited for longer is worth less than the time it takes to send it: a thread that has too much
/// to do would be seconds late in the end. What waits for less, a listener's jitter buffer makes good.
const STALE_AFTER: Duration = Duration::from_millis(100);

/// RFC 7983: RTP and RTCP begin with these.
fn is_media(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| first >> 6 == 2)
}

/// All that one thread of the engine owns.
pub struct Shard {
    number: u8,
    identity: Arc<Identity>,
    limits: Limits,
    entropy: Entropy,
    ntp: NtpClock,
    rooms: Slab<RoomState>,
    rooms_by_id: HashMap<RoomId, RoomKey>,
    links: Slab<Peer>,
    by_ufrag: HashMap<String, LinkKey>,
    by_session: HashMap<SessionId, LinkKey>,
    /// Only addresses an authenticated connectivity check came from.
    addresses: Addresses,
    /// Links that have not shaken hands yet.
    half_open: HalfOpen,
    handshakes: Handshakes,
    timers: Timers,
    /// What packets need of those who listen.
    fanout: Fanout,
    reports: Round,
    reports_alarm: Alarm,
    /// Places that are taken by listeners who lose too much.
    places: usize,
    counts: Counts,
    /// So long ago came what is handled now.
    waited: Duration,
}

impl Shard {
    /// `number` is this shard's among its siblings; it is written into the ufrag of every link.
    #[must_use]
    pub fn new(
        number: u8,
        identity: Arc<Identity>,
        limits: Limits,
        entropy: Entropy,
        ntp: NtpClock,
    ) -> Self {
        Self {
            number,
            identity,
            limits,
            entropy,
            ntp,
            rooms: Slab::new(),
            rooms_by_id: HashMap::new(),
            links: Slab::new(),
            by_ufrag: HashMap::new(),
            by_session: HashMap::new(),
            addresses: Addresses::default(),
            half_open: HalfOpen::default(),
            handshakes: Handshakes::default(),
            timers: Timers::default(),
            fanout: Fanout::default(),
            reports: Round::default(),
            reports_alarm: Alarm::default(),
            places: 0,
            counts: Counts::default(),
            waited: Duration::ZERO,
        }
    }

    /// Links open or opening.
    #[must_use]
    pub fn links(&self) -> usize {
        self.links.len()
    }

    /// Open rooms.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// What was counted since the beginning.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Listeners of the slots, and of the mix, in all rooms.
    #[must_use]
    pub fn listeners(&self) -> (usize, usize) {
        let counts = self.rooms.iter().map(|(_, state)| state.listeners());
        counts.fold((0, 0), |sum, (slots, mix)| (sum.0 + slots, sum.1 + mix))
    }

    /// Whether a link of this shard was last heard, authentically, at this address.
    #[must_use]
    pub fn knows(&self, remote: SocketAddr) -> bool {
        self.addresses.is_known(remote)
    }

    /// Whether a link of this shard has proven that it is at this address: it shook hands there, or answered there.
    #[must_use]
    pub fn has_proven(&self, remote: SocketAddr) -> bool {
        self.addresses.is_proven(remote)
    }

    /// Whether checks of a link of this shard come from this address, which proves nothing yet.
    #[must_use]
    pub fn has_claimed(&self, remote: SocketAddr) -> bool {
        self.addresses.is_claimed(remote)
    }

    /// The datagrams that follow have waited so long: nobody had time for them.
    pub fn held_up(&mut self, waited: Duration) {
        self.waited = waited;
    }

    /// Takes a datagram that arrived on `path`; it is decrypted in place. What belongs to no link is dropped; what
    /// belongs to a handshake waits for [`Shard::shake_hands`].
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &mut [u8],
        out: &mut impl ShardSink,
    ) {
        let by_ufrag = peek_ufrag(datagram).and_then(|ufrag| self.by_ufrag.get(ufrag).copied());
        let Some(key) = by_ufrag.or_else(|| self.addresses.owner(path.remote, datagram)) else {
            return;
        };
        let is_stun = stun::is_stun(datagram);
        let Some(peer) = self.links.get_mut(key) else {
            return;
        };
        // Silence beyond the bound: a peer asks again, and finds a place as soon as others have shaken hands.
        let stranger = peer.remote.is_none();
        if stranger && self.half_open.from(path.remote.ip()) >= self.limits.half_open_per_address {
            return;
        }
        if self.postpone(key, path, datagram) {
            return;
        }
        if !self.affords(now, key, datagram) {
            self.counts.reports_ignored += 1;
            return;
        }
        let Some(peer) = self.links.get_mut(key) else {
            return;
        };
        let is_rtcp = is_media(datagram) && rtcp::is_rtcp(datagram);
        let received = peer.link.handle_datagram(now, path, datagram, out);
        if is_rtcp {
            self.charge(now, key, received.is_some());
        }
        match received {
            Some(Received::Rtp(packet)) => self.on_rtp(now, key, &packet, out),
            Some(Received::Rtcp(packets)) => self.on_rtcp(now, key, packets, out),
            Some(Received::Connected) => self.on_connected(now, key, out),
            Some(Received::Closed(reason)) => return self.on_closed(now, key, reason, out),
            None => {}
        }
        if is_stun {
            self.learn_addresses(key, path);
            self.learn_consent(key);
        }
        self.schedule_link(key);
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut impl ShardSink) {
        while let Some(due) = self.timers.pop(now) {
            match due {
                Due::Link(key) => self.on_link_due(now, key, out),
                Due::Room(key) => self.on_room_due(now, key, out),
                Due::Reports => self.on_reports_due(now, out),
            }
        }
    }

    /// When [`Shard::handle_timeout`] is next needed; None while nothing goes on.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    fn on_link_due(&mut self, now: Instant, key: LinkKey, out: &mut impl ShardSink) {
        let Some(peer) = self.links.get_mut(key) else {
            return;
        };
        peer.alarm.rang(now);
        match peer.link.handle_timeout(now, out) {
            Some(Received::Closed(reason)) => return self.on_closed(now, key, reason, out),
            Some(Received::Connected) => return self.on_connected(now, key, out),
            Some(Received::Rtp(_) | Received::Rtcp(_)) | None => {}
        }
        if let Side::Speaker(inbound) = &mut peer.side {
            inbound.report(now, &mut peer.link, out);
        }
        self.schedule_link(key);
    }

    fn on_room_due(&mut self, now: Instant, key: RoomKey, out: &mut impl ShardSink) {
        if let Some(state) = self.rooms.get_mut(key) {
            state.rang(now);
        }
        self.with_room(now, key, out, |room, deliver| {
            room.handle_timeout(now, deliver)
        });
        self.settle_room(now, key, out);
        self.schedule_room(key);
    }

    /// The audience has changed: the room makes the mix it needs.
    fn settle_room(&mut self, now: Instant, key: RoomKey, out: &mut impl ShardSink) {
        self.with_room(now, key, out, |room, deliver| {
            // The size first: nobody has to wait for a pause while nobody hears the mix.
            room.set_pack_size(deliver.audience.wanted_size(), now, deliver);
            room.want_mix(deliver.audience.wants_mix(), now);
        });
    }

    /// Runs `act` on a room's audio, with everybody who listens at hand.
    fn with_room<S: ShardSink>(
        &mut self,
        now: Instant,
        key: RoomKey,
        out: &mut S,
        act: impl FnOnce(&mut crate::room::Room, &mut Deliver<'_, S>),
    ) {
        if let Some(state) = self.rooms.get_mut(key) {
            let (room, mut deliver) = state.split(now, &mut self.fanout, out);
            deliver.is_stale = self.waited > STALE_AFTER;
            act(room, &mut deliver);
            self.counts.stale += deliver.left_out;
            self.counts.repeated += deliver.repeated;
            if self.fanout.is_used() {
                self.schedule_reports(now);
            }
        }
    }

    fn schedule_link(&mut self, key: LinkKey) {
        if let Some(peer) = self.links.get_mut(key) {
            peer.schedule(key, &mut self.timers);
        }
    }

    fn schedule_reports(&mut self, now: Instant) {
        let at = Some(now + reports::STEP);
        self.reports_alarm.set(at, Due::Reports, &mut self.timers);
    }

    fn schedule_room(&mut self, key: RoomKey) {
        if let Some(state) = self.rooms.get_mut(key) {
            state.schedule(key, &mut self.timers);
        }
    }
}
