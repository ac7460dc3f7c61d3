//! The engine's sealers and opener and a str0m peer with the same keys: what either sends, the test hands over.

use std::time::{Duration, Instant};

use palabre_core::dtls::Fingerprint;
use palabre_core::ice::IceCredentials;
use palabre_core::rtcp::is_rtcp;
use palabre_core::rtp::Outgoing;
use palabre_core::srtp::{Indices, MasterKey, Opener, Profile, RtcpSealer, RtpSealer};
use palabre_core::stun::{Class, Message, is_stun, write_binding_success};
use proptest::prelude::*;
use str0m::Input;
use str0m::rtp::RawPacket;

use crate::keyed;
use crate::link_common::{ENGINE_SSRC, Peer, PeerRole, engine_address, peer_address};

/// What both sides count the first packet as: shortly before the wrap.
pub const FIRST: u64 = 65_500;
/// How often the peer reports.
pub const REPORT_INTERVAL: Duration = Duration::from_millis(200);

pub const PROFILES: [Profile; 3] = [
    Profile::AeadAes128Gcm,
    Profile::AeadAes256Gcm,
    Profile::Aes128CmSha1_80,
];

/// What the engine opened.
#[derive(Debug, PartialEq, Eq)]
pub enum Opened {
    Rtp { index: u64, payload: Vec<u8> },
    Rtcp(Vec<u8>),
}

pub struct Pair {
    pub now: Instant,
    pub peer: Peer,
    /// What the peer sent beside its checks, in order.
    pub sent: Vec<Vec<u8>>,
    local: IceCredentials,
    opener: Opener,
    rtp: RtpSealer,
    rtcp: RtcpSealer,
    indices: Indices,
    peer_timeout: Instant,
}

pub fn pair() -> impl Strategy<Value = (Profile, PeerRole, [u8; 88])> {
    let role = prop_oneof![Just(PeerRole::Client), Just(PeerRole::Server)];
    (prop::sample::select(&PROFILES[..]), role, any::<[u8; 88]>())
}

impl Pair {
    /// A connected pair; the keys are as much of `material` as the profile needs.
    pub fn new((profile, role, material): (Profile, PeerRole, [u8; 88])) -> Self {
        let now = Instant::now();
        let material = &material[..2 * (profile.key_len() + profile.salt_len())];
        let config = keyed::config(material)
            .enable_raw_packets(true)
            .set_rtcp_report_interval_audio(REPORT_INTERVAL);
        let (mut peer, ..) = Peer::configured(config, peer_address(), now);
        let local = IceCredentials::for_shard(3, &[7; 34]);
        peer.accept(engine_address(), &local, Fingerprint([0; 32]), role);
        let (client, server) = MasterKey::split(profile, material).unwrap();
        let (ours, theirs) = match role {
            PeerRole::Client => (server, client),
            PeerRole::Server => (client, server),
        };
        let mut pair = Self {
            now,
            peer,
            sent: Vec::new(),
            local,
            opener: Opener::new(&theirs).unwrap(),
            rtp: RtpSealer::new(&ours).unwrap(),
            rtcp: RtcpSealer::new(&ours).unwrap(),
            indices: Indices::default(),
            peer_timeout: now,
        };
        pair.run(Duration::from_secs(1));
        assert!(pair.peer.connected && pair.peer.rtc.is_connected());
        pair
    }

    /// Lets the peer go on for so long; its checks are answered at once.
    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        self.drive();
        while self.now < end {
            let next = self.peer_timeout.max(self.now + Duration::from_millis(1));
            self.now = next.min(end);
            self.drive();
        }
    }

    /// The engine's next packet.
    pub fn voice(&mut self, payload: &[u8]) -> Vec<u8> {
        let index = self.indices.next().unwrap_or(FIRST);
        let index = self.indices.claim(index).unwrap();
        let outgoing = Outgoing {
            marker: false,
            payload_type: 111,
            sequence: 0,
            timestamp: index.get() as u32 * 960,
            ssrc: ENGINE_SSRC,
            csrcs: &[42],
        };
        let (mut header, mut packet) = ([0; 16], [0; 1_500]);
        outgoing.write(&mut header).unwrap();
        let len = self.rtp.seal(index, &header, payload, &mut packet).unwrap();
        packet[..len].to_vec()
    }

    /// A compound of the engine, protected.
    pub fn protect(&mut self, compound: &[u8]) -> Vec<u8> {
        let mut packet = [compound, &[0; 20]].concat();
        let len = self.rtcp.seal(compound.len(), &mut packet).unwrap();
        packet.truncate(len);
        packet
    }

    /// What the engine makes of a datagram.
    pub fn engine_opens(&mut self, datagram: &[u8]) -> Option<Opened> {
        let mut packet = datagram.to_vec();
        if is_rtcp(datagram) {
            let len = self.opener.open_rtcp(&mut packet).ok()?;
            return Some(Opened::Rtcp(packet[..len].to_vec()));
        }
        let (header, index, len) = self.opener.open_rtp(&mut packet).ok()?;
        let payload = header.payload(&packet[..len]).unwrap().to_vec();
        Some(Opened::Rtp { index, payload })
    }

    /// Whether the peer opens a datagram.
    pub fn peer_opens(&mut self, datagram: &[u8]) -> bool {
        let before = self.peer.raw.len();
        self.peer.handle(self.now, engine_address(), datagram);
        self.drive();
        let got = |raw: &RawPacket| matches!(raw, RawPacket::RtpRx(..) | RawPacket::RtcpRx(..));
        self.peer.raw[before..].iter().any(got)
    }

    fn drive(&mut self) {
        let input = Input::Timeout(self.now);
        self.peer.rtc.handle_input(input).unwrap();
        loop {
            let mut out = Vec::new();
            self.peer_timeout = self.peer.poll(|_, datagram| out.push(datagram));
            let (checks, sent): (Vec<_>, Vec<_>) = out.into_iter().partition(|it| is_stun(it));
            self.sent.extend(sent);
            if checks.is_empty() {
                return;
            }
            checks.iter().for_each(|check| self.answer(check));
        }
    }

    fn answer(&mut self, check: &[u8]) {
        let message = Message::parse(check).unwrap();
        if message.class() == Class::Request {
            let password = self.local.password();
            let answer = write_binding_success(message.transaction(), peer_address(), password);
            self.peer.handle(self.now, engine_address(), &answer);
        }
    }
}
