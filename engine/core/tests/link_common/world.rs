//! Both sides, the network between them, and the clock.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use palabre_core::dtls::{DtlsRole, Fingerprint, Identity};
use palabre_core::ice::{IceCredentials, Path};
use palabre_core::link::{Link, LinkConfig, Received};
use palabre_core::rtcp::{Packet, ReportBlock, SenderInfo, write_bye};
use palabre_core::rtp::{ExtensionIds, Outgoing};
use palabre_core::srtp::{Indices, RtpSealer};
use palabre_core::stun::{Class, Message, is_stun, write_binding_success};
use palabre_load::netem::{Conditions, Netem};
use str0m::config::DtlsVersion;

use super::peer::{Peer, PeerRole};
use super::{ENGINE_SSRC, engine_address, peer_address};

/// A datagram with where it comes from.
type Datagram = (SocketAddr, Vec<u8>);

pub struct WorldConfig {
    pub conditions: Conditions,
    pub seed: u64,
    pub role: PeerRole,
    /// What the peer speaks.
    pub version: DtlsVersion,
    /// Replaces the fingerprint that the peer's offer announces.
    pub announced: Option<Fingerprint>,
}

impl Default for WorldConfig {
    fn default() -> Self {
        Self {
            conditions: Conditions::default(),
            seed: 1,
            role: PeerRole::Client,
            version: DtlsVersion::Dtls12,
            announced: None,
        }
    }
}

/// What the link delivered of an RTP packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub index: u64,
    pub payload: Vec<u8>,
    pub level: Option<u8>,
}

/// What the link delivered of a sender or receiver report.
#[derive(Debug, Clone)]
pub struct Report {
    pub ssrc: u32,
    /// In a sender report.
    pub info: Option<SenderInfo>,
    pub blocks: Vec<ReportBlock>,
}

impl Report {
    fn of(packet: Packet<'_>) -> Option<Self> {
        let (ssrc, info) = if let Packet::SenderReport { ssrc, info, .. } = packet {
            (ssrc, Some(info))
        } else if let Packet::ReceiverReport { ssrc, .. } = packet {
            (ssrc, None)
        } else {
            return None;
        };
        let blocks = packet.report_blocks().collect();
        Some(Self { ssrc, info, blocks })
    }
}

fn named(packet: Packet<'_>) -> Option<u32> {
    let Packet::SourceDescription { ssrc, cname } = packet else {
        return None;
    };
    cname.map(|_| ssrc)
}

pub struct World {
    pub now: Instant,
    pub link: Link,
    pub peer: Peer,
    pub heard: Vec<Heard>,
    pub events: Vec<String>,
    /// The sender and receiver reports the link opened.
    pub reports: Vec<Report>,
    /// Whose names it opened.
    pub named: Vec<u32>,
    /// All that the link itself sent.
    pub sent_by_link: usize,
    pub local: IceCredentials,
    pub remote: IceCredentials,
    to_link: Netem<Datagram>,
    to_peer: Netem<Datagram>,
    peer_timeout: Instant,
    /// False cuts the way from the peer.
    pub peer_is_heard: bool,
    /// False keeps back its checks alone.
    pub peer_checks: bool,
    /// What the engine speaks with, once connected.
    pub sealer: Option<RtpSealer>,
    pub indices: Indices,
}

impl World {
    pub fn new(config: &WorldConfig) -> Self {
        let now = Instant::now();
        let identity = Arc::new(Identity::generate().unwrap());
        let (mut peer, remote, fingerprint) = Peer::new(peer_address(), config.version, now);
        let local = IceCredentials::for_shard(3, &std::array::from_fn(|i| (i * 7) as u8));
        peer.accept(
            engine_address(),
            &local,
            identity.fingerprint(),
            config.role,
        );
        let dtls_role = match config.role {
            PeerRole::Client => DtlsRole::Server,
            PeerRole::Server => DtlsRole::Client,
        };
        let link_config = LinkConfig {
            local: local.clone(),
            remote: remote.clone(),
            remote_fingerprint: config.announced.unwrap_or(fingerprint),
            dtls_role,
            extensions: ExtensionIds {
                audio_level: Some(1),
                mid: Some(4),
            },
            probe_secret: [3; 16],
        };
        Self {
            now,
            link: Link::new(link_config, &identity, now),
            peer,
            heard: Vec::new(),
            events: Vec::new(),
            reports: Vec::new(),
            named: Vec::new(),
            sent_by_link: 0,
            local,
            remote,
            to_link: Netem::new(config.conditions, config.seed),
            to_peer: Netem::new(config.conditions, config.seed ^ 0xFFFF),
            peer_timeout: now,
            peer_is_heard: true,
            peer_checks: true,
            sealer: None,
            indices: Indices::default(),
        }
    }

    /// Lets both sides and the network go on until `done` or for `at_most`; true when done.
    pub fn run_until(&mut self, at_most: Duration, mut done: impl FnMut(&Self) -> bool) -> bool {
        let end = self.now + at_most;
        while self.now < end {
            self.step(end);
            if done(self) {
                return true;
            }
        }
        false
    }

    pub fn run(&mut self, span: Duration) {
        self.run_until(span, |_| false);
    }

    /// Connects; panics when 12 s do not suffice.
    pub fn connect(&mut self) {
        let connected =
            |world: &Self| world.peer.connected && world.events.contains(&"connected".to_owned());
        assert!(
            self.run_until(Duration::from_secs(12), connected),
            "{:?}",
            self.events
        );
    }

    /// Says one packet from the engine; false before it is connected. Whether the peer consents is for the caller to know.
    pub fn engine_speaks(&mut self, payload: &[u8]) -> bool {
        let index = self.indices.next().unwrap_or(65_500);
        let timestamp = index as u32 * 960;
        let outgoing = Outgoing {
            marker: false,
            payload_type: 111,
            sequence: 0,
            timestamp,
            ssrc: ENGINE_SSRC,
            csrcs: &[42],
        };
        let mut header = [0; 16];
        outgoing.write(&mut header).unwrap();
        let (Some(sealer), Some(index)) = (&self.sealer, self.indices.claim(index)) else {
            return false;
        };
        let mut packet = [0; 1500];
        let len = sealer.seal(index, &header, payload, &mut packet).unwrap();
        self.send_to_peer(&packet[..len]);
        true
    }

    /// Whether the link protects a report now.
    pub fn link_reports(&mut self) -> bool {
        let mut report = [0; 64];
        let len = write_bye(ENGINE_SSRC, &mut report).unwrap();
        self.link.seal_rtcp(self.now, len, &mut report).is_some()
    }

    /// From now on the network is like that; what is on the way is lost.
    pub fn change_weather(&mut self, conditions: Conditions, seed: u64) {
        self.to_link = Netem::new(conditions, seed);
        self.to_peer = Netem::new(conditions, !seed);
    }

    /// Puts what the link sealed on the way to the peer.
    pub fn send_to_peer(&mut self, datagram: &[u8]) {
        self.to_peer
            .push(self.now, (engine_address(), datagram.to_vec()));
    }

    /// All datagrams on their way to the peer are lost, and none after them.
    pub fn lose_what_is_on_the_way_to_the_peer(&mut self) {
        self.to_peer = Netem::new(Conditions::default(), 0);
    }

    /// Something arrives at the link outside of the bad network. True when the link answered.
    pub fn inject(&mut self, from: SocketAddr, datagram: &[u8]) -> bool {
        !self.replies(from, datagram).is_empty()
    }

    /// The same; what the link answered.
    pub fn replies(&mut self, from: SocketAddr, datagram: &[u8]) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        self.receive(from, &mut datagram.to_vec(), &mut out);
        out.into_iter().map(|(_, reply)| reply).collect()
    }

    /// The peer nominates the way from there by `check`, and answers there what it is asked.
    pub fn move_to(&mut self, from: SocketAddr, check: &[u8]) {
        let replies = self.replies(from, check);
        let asked = replies.iter().find_map(|reply| {
            let message = Message::parse(reply).unwrap();
            (message.class() == Class::Request).then(|| message.transaction())
        });
        let password = self.remote.password();
        let answer = write_binding_success(asked.unwrap(), engine_address(), password);
        self.inject(from, &answer);
    }

    fn step(&mut self, end: Instant) {
        let next = [
            self.to_link.next_arrival(),
            self.to_peer.next_arrival(),
            self.link.next_timeout(),
        ];
        let next = next
            .into_iter()
            .flatten()
            .fold(self.peer_timeout.min(end), Instant::min);
        // At least 1 ms a step: str0m and the link may both ask for the past.
        self.now = next.max(self.now + Duration::from_millis(1));
        let mut out: Vec<(Path, Vec<u8>)> = Vec::new();
        if let Some(event) = self.link.handle_timeout(self.now, &mut out) {
            self.events.push(format!("{event:?}"));
        }
        while let Some((from, mut datagram)) = self.to_link.pop(self.now) {
            self.receive(from, &mut datagram, &mut out);
        }
        self.sent_by_link += out.len();
        for (_, datagram) in out {
            self.to_peer.push(self.now, (engine_address(), datagram));
        }
        while let Some((from, datagram)) = self.to_peer.pop(self.now) {
            self.peer.handle(self.now, from, &datagram);
            self.drive_peer();
        }
        self.drive_peer();
    }

    fn receive(&mut self, from: SocketAddr, datagram: &mut [u8], out: &mut Vec<(Path, Vec<u8>)>) {
        match self
            .link
            .handle_datagram(self.now, Path::to(from), datagram, out)
        {
            Some(Received::Rtp(packet)) => self.heard.push(Heard {
                index: packet.index,
                payload: packet.payload.to_vec(),
                level: packet.audio_level.map(|level| level.below_overload_db),
            }),
            Some(Received::Rtcp(packets)) => {
                self.named.extend(packets.clone().filter_map(named));
                self.reports.extend(packets.filter_map(Report::of));
            }
            Some(Received::Connected) => {
                self.sealer = self.link.take_rtp_sealer();
                self.events.push("connected".to_owned());
            }
            Some(Received::Closed(reason)) => self.events.push(format!("{reason:?}")),
            None => {}
        }
    }

    fn drive_peer(&mut self) {
        let Self {
            peer,
            to_link,
            now,
            peer_is_heard,
            peer_checks,
            ..
        } = self;
        peer.rtc.handle_input(str0m::Input::Timeout(*now)).unwrap();
        let address = peer.address;
        self.peer_timeout = peer.poll(|_, datagram| {
            if *peer_is_heard && (*peer_checks || !is_stun(&datagram)) {
                to_link.push(*now, (address, datagram));
            }
        });
    }
}
