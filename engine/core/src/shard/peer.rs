//! One WHIP or WHEP session.

use std::net::{IpAddr, SocketAddr};

use super::budget::Budget;
use super::inbound::Inbound;
use super::outbound::Outbound;
use super::shelter::Shelter;
use super::timers::{Alarm, Due, Timers};
use super::{Door, LinkKey, RoomKey, SessionId};
use crate::link::Link;
use crate::room::ParticipantKey;
use crate::sdp::Section;

/// A session: its transport, whose it is, and what flows.
pub(super) struct Peer {
    pub link: Link,
    pub room: RoomKey,
    pub who: ParticipantKey,
    pub session: SessionId,
    /// Who asked for it, over HTTP.
    pub asked_from: IpAddr,
    pub side: Side,
    pub connected: bool,
    /// Its handshake's datagrams that wait.
    pub waiting: u8,
    /// As entered in the shard's table of addresses: where it is sent to, …
    pub remote: Option<SocketAddr>,
    /// … and where its checks come from as well.
    pub next: Option<SocketAddr>,
    /// The offer's section that carries the bundle: the answer to an ICE restart names it.
    pub section: Box<Section>,
    /// All that are entered in the shard's table: the one in use, and after an ICE restart the one to be used.
    pub ufrags: Vec<String>,
    pub alarm: Alarm,
    /// For what it asks as a listener.
    pub budget: Budget,
}

/// Which way the sound goes.
pub(super) enum Side {
    Speaker(Inbound),
    Listener(Outbound),
}

impl Side {
    pub fn door(&self) -> Door {
        match self {
            Self::Speaker(_) => Door::Whip,
            Self::Listener(_) => Door::Whep,
        }
    }

    /// What is done for a listener because it loses too much.
    pub fn sheltered(&self) -> Option<Shelter> {
        match self {
            Self::Speaker(_) => None,
            Self::Listener(outbound) => outbound.losses.sheltered(),
        }
    }
}

impl Peer {
    pub fn schedule(&mut self, key: LinkKey, timers: &mut Timers) {
        let report = match &self.side {
            Side::Speaker(inbound) => inbound.report_at(),
            Side::Listener(_) => None,
        };
        let wanted = [self.link.next_timeout(), report]
            .into_iter()
            .flatten()
            .min();
        self.alarm.set(wanted, Due::Link(key), timers);
    }
}
