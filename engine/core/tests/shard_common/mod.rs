//! A `Shard` and its str0m clients on a seeded bad network, in virtual time.

#![allow(dead_code, reason = "every test file uses its part")]
#![allow(
    clippy::disallowed_methods,
    reason = "virtual time begins at some real moment"
)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use palabre_core::dtls::{DtlsRole, Identity};
use palabre_core::ice::{IceCredentials, Path};
use palabre_core::link::Transmit;
use palabre_core::rtp::ExtensionIds;
use palabre_core::sdp::Section;
use palabre_core::shard::{
    Accepted, Door, Entropy, Limits, Offered, RecordingId, Refusal, RoomId, Shard, ShardEvent,
    ShardSink,
};
use palabre_core::stun::{Class, Message, write_binding_success};
use palabre_load::Speech;
use palabre_load::netem::{Conditions, Netem};
use str0m::config::DtlsVersion;

use crate::link_common::{Peer, PeerRole, engine_address};

/// The Opus frames of a recorded voice.
pub fn voice() -> Vec<Vec<u8>> {
    let speech = Speech::from_wavs(&["/usr/share/sounds/alsa/Front_Center.wav"]).unwrap();
    speech.frames.into_iter().map(|frame| frame.opus).collect()
}

/// All that came out of the shard.
#[derive(Default)]
pub struct Out {
    pub datagrams: Vec<(SocketAddr, Vec<u8>)>,
    pub events: Vec<ShardEvent>,
    pub pages: Vec<u8>,
}

impl Transmit for Out {
    fn transmit(&mut self, path: Path, datagram: &[u8]) {
        self.datagrams.push((path.remote, datagram.to_vec()));
    }
}

impl ShardSink for Out {
    fn datagram(&mut self, path: Path, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        let mut buffer = [0; 1500];
        if let Some(len) = fill(&mut buffer) {
            self.transmit(path, &buffer[..len]);
        }
    }

    fn event(&mut self, event: ShardEvent) {
        self.events.push(event);
    }

    fn recording_page(&mut self, _: &RoomId, _: &RecordingId, page: &[u8]) {
        self.pages.extend_from_slice(page);
    }
}

/// One session of a participant, seen from its own side.
pub struct Client {
    pub peer: Peer,
    pub accepted: Accepted,
    pub remote: IceCredentials,
    timeout: Instant,
}

impl Client {
    /// It asks for nothing again.
    pub fn suppress_nacks(&mut self) {
        let mut api = self.peer.rtc.direct_api();
        for ssrc in &self.accepted.ssrcs {
            if let Some(stream) = api.stream_rx(&(*ssrc).into()) {
                stream.suppress_nack(true);
            }
        }
    }
}

/// From or to whom, and what.
type Way = Netem<(SocketAddr, Vec<u8>)>;

pub struct World {
    pub now: Instant,
    pub shard: Shard,
    pub room: RoomId,
    pub out: Out,
    pub clients: Vec<Client>,
    /// Who asks for new sessions, over HTTP.
    pub asks: IpAddr,
    /// Where the shard's datagrams went, in order.
    pub sent_to: Vec<SocketAddr>,
    identity: Arc<Identity>,
    to_shard: Way,
    to_clients: Way,
    /// One client's own way down.
    to_one: Option<(SocketAddr, Way)>,
}

impl World {
    /// A shard with one room, reached through the network that `conditions` and `seed` describe.
    pub fn new(conditions: Conditions, seed: u64, limits: Limits) -> Self {
        let now = Instant::now();
        let identity = Arc::new(Identity::generate().unwrap());
        let ntp = Box::new(move |at: Instant| at - now);
        let mut shard = Shard::new(3, identity.clone(), limits, entropy(seed), ntp);
        let room = RoomId::from("room");
        shard.open_room(now, room.clone()).unwrap();
        Self {
            now,
            shard,
            room,
            out: Out::default(),
            clients: Vec::new(),
            asks: Ipv4Addr::new(198, 51, 100, 10).into(),
            sent_to: Vec::new(),
            identity,
            to_shard: Netem::new(conditions, seed),
            to_clients: Netem::new(conditions, seed ^ 0xFFFF),
            to_one: None,
        }
    }

    /// From now on the way to the clients is as bad as this; the way to the shard stays as it is.
    pub fn spoil_way_down(&mut self, conditions: Conditions, seed: u64) {
        self.to_clients = Netem::new(conditions, seed);
    }

    /// From now on the way to this client alone is as bad as this.
    pub fn spoil_way_to(&mut self, client: usize, conditions: Conditions, seed: u64) {
        let address = self.clients[client].peer.address;
        self.to_one = Some((address, Netem::new(conditions, seed)));
    }

    /// From now on the way to the shard is as bad as this.
    pub fn spoil_way_up(&mut self, conditions: Conditions, seed: u64) {
        self.to_shard = Netem::new(conditions, seed);
    }

    /// Datagrams lost on the way to the clients.
    pub fn lost_on_way_down(&self) -> u64 {
        self.to_clients.lost()
    }

    pub fn admit(&mut self, who: &str, csrc: u32, may_speak: bool) {
        let (now, room) = (self.now, self.room.clone());
        self.shard
            .admit(now, &room, who.into(), csrc, may_speak, &mut self.out);
    }

    /// Opens a session; the answer is the client's number in [`World::clients`].
    pub fn connect(&mut self, who: &str, door: Door, audio_lines: usize) -> Result<usize, Refusal> {
        let number = self.clients.len();
        let address = ([198, 51, 100, 10], 40_000 + number as u16).into();
        let (mut peer, remote, fingerprint) = Peer::new(address, DtlsVersion::Dtls12, self.now);
        let opus = peer.rtc.codec_config().params()[0];
        let offered = Offered {
            asked_from: self.asks,
            remote: remote.clone(),
            fingerprint,
            dtls_role: DtlsRole::Server,
            extensions: ExtensionIds {
                audio_level: Some(1),
                mid: Some(4),
            },
            payload_type: *opus.pt(),
            red: opus.red().map(|red| *red),
            audio_lines,
            section: section(),
        };
        let (now, room) = (self.now, self.room.clone());
        let accepted = self
            .shard
            .connect(now, &room, &who.into(), door, offered, &mut self.out)?;
        peer.accept(
            engine_address(),
            &accepted.local,
            self.identity.fingerprint(),
            PeerRole::Client,
        );
        for ssrc in &accepted.ssrcs {
            peer.rtc
                .direct_api()
                .expect_stream_rx((*ssrc).into(), None, "aud".into(), None);
        }
        self.clients.push(Client {
            peer,
            accepted,
            remote,
            timeout: self.now,
        });
        Ok(number)
    }

    /// Lets everybody shake hands; panics when 20 s do not suffice.
    pub fn settle(&mut self) {
        let end = self.now + Duration::from_secs(20);
        while !self.clients.iter().all(|client| client.peer.connected) {
            assert!(self.now < end, "{:?}", self.out.events);
            self.step(end);
        }
        self.run(Duration::from_secs(1));
    }

    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while self.now < end {
            self.step(end);
        }
    }

    /// `client` says these frames, one each 20 ms.
    pub fn say(&mut self, client: usize, frames: &[Vec<u8>]) {
        for frame in frames {
            self.clients[client].peer.speak(self.now, frame);
            self.drive(client);
            self.run(Duration::from_millis(20));
        }
    }

    /// Something arrives outside of the bad network. True when the shard answered.
    pub fn inject(&mut self, from: SocketAddr, datagram: &[u8]) -> bool {
        self.shard.handle_datagram(
            self.now,
            Path::to(from),
            &mut datagram.to_vec(),
            &mut self.out,
        );
        let answered = !self.out.datagrams.is_empty();
        self.deliver();
        answered
    }

    /// Somebody whose password is this nominates the way from there by `check`, and answers there what it is asked.
    pub fn move_to(&mut self, from: SocketAddr, check: &[u8], password: &str) {
        let path = Path::to(from);
        let (now, out) = (self.now, &mut self.out);
        self.shard
            .handle_datagram(now, path, &mut check.to_vec(), out);
        let asked = out.datagrams.iter().find_map(|(to, datagram)| {
            let message = Message::parse(datagram).ok().filter(|_| *to == from)?;
            (message.class() == Class::Request).then(|| message.transaction())
        });
        let answer = write_binding_success(asked.unwrap(), engine_address(), password);
        self.inject(from, &answer);
    }

    pub fn heard(&self, client: usize) -> usize {
        self.clients[client].peer.heard.len()
    }

    fn step(&mut self, end: Instant) {
        let due = [
            self.to_shard.next_arrival(),
            self.to_clients.next_arrival(),
            self.shard.next_timeout(),
        ];
        let timeouts = self.clients.iter().map(|client| client.timeout);
        let to_one = self.to_one.as_ref();
        let next = due
            .into_iter()
            .chain(to_one.map(|(_, way)| way.next_arrival()))
            .flatten()
            .chain(timeouts)
            .fold(end, Instant::min);
        // At least 1 ms a step: str0m and the shard may both ask for the past.
        self.now = next.max(self.now + Duration::from_millis(1));
        self.shard.handle_timeout(self.now, &mut self.out);
        while let Some((from, mut datagram)) = self.to_shard.pop(self.now) {
            self.shard
                .handle_datagram(self.now, Path::to(from), &mut datagram, &mut self.out);
        }
        self.shard.shake_hands(self.now, usize::MAX, &mut self.out);
        self.deliver();
        while let Some((to, datagram)) = self.arrival() {
            let at = |client: &Client| client.peer.address == to;
            if let Some(number) = self.clients.iter().position(at) {
                let peer = &mut self.clients[number].peer;
                peer.handle(self.now, engine_address(), &datagram);
                self.drive(number);
            }
        }
        (0..self.clients.len()).for_each(|number| self.drive(number));
    }

    fn arrival(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        let to_one = self.to_one.as_mut();
        let arrived = to_one.and_then(|(_, way)| way.pop(self.now));
        arrived.or_else(|| self.to_clients.pop(self.now))
    }

    /// What `client` has to send now, past the network.
    pub fn packets_of(&mut self, client: usize) -> Vec<Vec<u8>> {
        let (peer, mut packets) = (&mut self.clients[client].peer, Vec::new());
        peer.rtc
            .handle_input(str0m::Input::Timeout(self.now))
            .unwrap();
        peer.poll(|_, datagram| packets.push(datagram));
        packets
    }

    fn deliver(&mut self) {
        for (to, datagram) in self.out.datagrams.drain(..) {
            self.sent_to.push(to);
            let own = self.to_one.as_mut().filter(|(one, _)| *one == to);
            let way = own.map_or(&mut self.to_clients, |(_, way)| way);
            way.push(self.now, (to, datagram));
        }
    }

    fn drive(&mut self, number: usize) {
        let (now, to_shard) = (self.now, &mut self.to_shard);
        let client = &mut self.clients[number];
        let input = str0m::Input::Timeout(now);
        client.peer.rtc.handle_input(input).unwrap();
        let from = client.peer.address;
        let send = |_, datagram| to_shard.push(now, (from, datagram));
        client.timeout = client.peer.poll(send);
    }
}

/// Bytes from a seed (xorshift64): a test has to repeat itself.
fn entropy(seed: u64) -> Entropy {
    let mut state = seed ^ 0x9E37_79B9_7F4A_7C15;
    Box::new(move |bytes| {
        for byte in bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = (state >> 32) as u8;
        }
    })
}

fn section() -> Section {
    Section {
        kind: "audio".to_owned(),
        proto: "UDP/TLS/RTP/SAVPF".to_owned(),
        format: "111".to_owned(),
        mid: Some("0".to_owned()),
        audio: None,
    }
}
