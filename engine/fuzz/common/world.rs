//! A shard and three people, each with one session, wherever they are. What the shard sends goes where somebody asked for
//! it, and sound only where its listener really is: else `World` panics.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use palabre_core::ice::{CONSENT_LIFETIME, IceCredentials, Path};
use palabre_core::link::Transmit;
use palabre_core::rtp::ExtensionIds;
use palabre_core::sdp::Section;
use palabre_core::shard::{
    Door, Limits, Offered, RecordingId, RoomId, SessionId, Shard, ShardEvent, ShardSink,
};
use palabre_core::stun::{
    BindingRequest, Class, Message, write_binding_request, write_binding_success,
};

use crate::peer::{CERTIFICATE, Fate, IDENTITY, Kind, Peer, fingerprint};

pub const PEOPLE: usize = 3;
const ADDRESSES: u8 = 6;

/// One participant and its only session.
struct Person {
    home: SocketAddr,
    kind: Kind,
    door: Door,
    peer: Peer,
    session: Option<SessionId>,
    local: Option<IceCredentials>,
    remote: IceCredentials,
    next_index: u64,
}

#[derive(Default)]
struct Sink(Vec<(SocketAddr, Vec<u8>)>);

impl Transmit for Sink {
    fn transmit(&mut self, path: Path, datagram: &[u8]) {
        self.0.push((path.remote, datagram.to_vec()));
    }
}

impl ShardSink for Sink {
    fn datagram(&mut self, path: Path, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        let mut buffer = [0; 1_500];
        if let Some(len) = fill(&mut buffer) {
            self.transmit(path, &buffer[..len]);
        }
    }
    fn event(&mut self, _: ShardEvent) {}
    fn recording_page(&mut self, _: &RoomId, _: &RecordingId, _: &[u8]) {}
}

pub struct World {
    now: Instant,
    pub shard: Shard,
    room: RoomId,
    people: Vec<Person>,
    /// When the last check came from there that had a right password.
    checked: HashMap<SocketAddr, Instant>,
    /// Where somebody is, or was.
    homes: HashSet<SocketAddr>,
}

pub fn address(number: u8) -> SocketAddr {
    ([192, 0, 2, number % ADDRESSES], 9).into()
}

fn name(who: usize) -> String {
    format!("p{who}")
}

fn credentials(who: usize, secret: u8) -> IceCredentials {
    IceCredentials::for_shard(100 + who as u8, &[secret; 34])
}

fn offered(kind: Kind, remote: IceCredentials) -> Offered {
    Offered {
        asked_from: Ipv4Addr::LOCALHOST.into(),
        remote,
        fingerprint: fingerprint(),
        dtls_role: kind.engines_role(),
        extensions: ExtensionIds::default(),
        payload_type: 111,
        red: None,
        audio_lines: 3,
        section: Section {
            kind: "audio".to_owned(),
            proto: "UDP/TLS/RTP/SAVPF".to_owned(),
            format: "111".to_owned(),
            mid: None,
            audio: None,
        },
    }
}

impl World {
    /// Each speaks DTLS 1.3 where `kinds` says so, else 1.2.
    pub fn new(kinds: &[bool; PEOPLE], without_cookie: bool) -> Self {
        let now = Instant::now();
        let limits = Limits {
            half_open_without_cookie: if without_cookie { 10 } else { 0 },
            ..Limits::default()
        };
        let mut seed = 1_u8;
        let entropy = Box::new(move |bytes: &mut [u8]| {
            seed = seed.wrapping_add(1);
            bytes.fill(seed);
        });
        let ntp = Box::new(move |at: Instant| at - now);
        let mut shard = Shard::new(0, Arc::clone(&IDENTITY), limits, entropy, ntp);
        let room = RoomId::from("room");
        shard.open_room(now, room.clone()).expect("it is the first");
        let person = |(who, is_13): (usize, &bool)| {
            let kind = if *is_13 {
                Kind::Client13
            } else {
                Kind::Client12
            };
            Person {
                home: address(who as u8),
                kind,
                door: if who == 0 { Door::Whip } else { Door::Whep },
                peer: Peer::new(kind, &CERTIFICATE, now),
                session: None,
                local: None,
                remote: credentials(who, 1),
                next_index: 0,
            }
        };
        let people: Vec<_> = kinds.iter().enumerate().map(person).collect();
        let homes = people.iter().map(|person| person.home).collect();
        Self {
            now,
            shard,
            room,
            people,
            checked: HashMap::new(),
            homes,
        }
    }

    /// Something comes to the shard.
    pub fn come(&mut self, from: SocketAddr, mut datagram: Vec<u8>) {
        let mut out = Sink::default();
        self.shard
            .handle_datagram(self.now, Path::to(from), &mut datagram, &mut out);
        while self.shard.shake_hands(self.now, 8, &mut out) {}
        self.deliver(out);
    }

    /// What the shard sent arrives at who is there.
    fn deliver(&mut self, out: Sink) {
        for (to, datagram) in out.0 {
            let asked = self.checked.get(&to).copied();
            let asked = asked.expect("a check with a right password came from there");
            let is_media = datagram.first().is_some_and(|first| *first >= 128);
            if is_media {
                assert!(self.now <= asked + CONSENT_LIFETIME, "without consent");
                assert!(self.homes.contains(&to), "nobody has ever been there");
            }
            let here = (0..PEOPLE).filter(|who| self.people[*who].home == to);
            for who in here.collect::<Vec<_>>() {
                self.arrive(who, &datagram);
            }
        }
    }

    fn arrive(&mut self, who: usize, datagram: &[u8]) {
        let person = &mut self.people[who];
        let (home, password) = (person.home, person.remote.password().to_owned());
        match Message::parse(datagram) {
            Ok(asked) if asked.class() == Class::Request && asked.is_authentic(&password) => {
                let answer = write_binding_success(asked.transaction(), address(0), &password);
                self.checked.insert(home, self.now);
                self.come(home, answer);
            }
            Ok(_) => {}
            Err(_) if datagram.first().is_some_and(|first| *first < 128) => {
                person.peer.handle(datagram);
            }
            Err(_) => {}
        }
    }

    pub fn connect(&mut self, who: usize) {
        let mut out = Sink::default();
        let person = &mut self.people[who];
        person.peer = Peer::new(person.kind, &CERTIFICATE, self.now);
        person.next_index = 0;
        let offered = offered(person.kind, person.remote.clone());
        let (id, door) = (name(who).as_str().into(), person.door);
        let accepted = self
            .shard
            .connect(self.now, &self.room, &id, door, offered, &mut out);
        if let Ok(accepted) = accepted {
            person.session = Some(accepted.session);
            person.local = Some(accepted.local);
        }
        self.deliver(out);
    }

    pub fn check(&mut self, who: usize, from: SocketAddr, nominates: bool) {
        let person = &self.people[who];
        let Some(local) = &person.local else { return };
        let request = BindingRequest {
            transaction: [1; 12],
            username: &format!("{}:{}", local.ufrag(), person.remote.ufrag()),
            priority: 1,
            tie_breaker: 1,
            use_candidate: nominates,
        };
        let check = write_binding_request(&request, local.password());
        self.checked.insert(from, self.now);
        self.come(from, check);
    }

    pub fn go_on(&mut self, who: usize) {
        let (now, person) = (self.now, &mut self.people[who]);
        person.peer.handle_timeout(now);
        let home = person.home;
        for datagram in person.peer.poll() {
            self.come(home, datagram);
        }
    }

    pub fn join(&mut self, who: usize) {
        self.admit(who, true);
        self.connect(who);
        self.check(who, self.people[who].home, true);
        for _ in 0..4 {
            self.go_on(who);
        }
        assert!(
            self.people[who].peer.keys.is_some(),
            "nothing was in the way"
        );
    }

    pub fn admit(&mut self, who: usize, may_speak: bool) {
        let mut out = Sink::default();
        let (id, csrc) = (name(who).as_str().into(), 100 + who as u32);
        self.shard
            .admit(self.now, &self.room, id, csrc, may_speak, &mut out);
        self.deliver(out);
    }

    pub fn restart(&mut self, who: usize, secret: u8) {
        let person = &mut self.people[who];
        let Some(session) = &person.session else {
            return;
        };
        let remote = credentials(who, secret);
        let restarted = self.shard.restart_ice(session, None, remote.clone());
        if let Ok(Some(restarted)) = restarted {
            (person.local, person.remote) = (Some(restarted.local), remote);
        }
    }

    pub fn leave(&mut self, who: usize, removed: bool) {
        let mut out = Sink::default();
        let id = name(who).as_str().into();
        if removed {
            self.shard.remove(self.now, &self.room, &id, &mut out);
        } else if let Some(session) = &self.people[who].session {
            let _ = self.shard.disconnect(self.now, session, &mut out);
        }
        self.deliver(out);
    }

    pub fn media(
        &mut self,
        who: usize,
        from: SocketAddr,
        payload: Option<&[u8]>,
        more: &[u8],
        fate: Fate,
    ) {
        let person = &mut self.people[who];
        let index = person.next_index;
        person.next_index += 1;
        let Some(keys) = &mut person.peer.keys else {
            return;
        };
        let sealed = match payload {
            Some(payload) => keys.rtp(index, payload),
            None => Some(keys.rtcp(more)),
        };
        if let Some(datagram) = sealed.and_then(|sealed| fate.meets(&sealed)) {
            self.come(from, datagram);
        }
    }

    pub fn pass(&mut self, milliseconds: u16) {
        self.now += Duration::from_millis(milliseconds.into());
        let mut out = Sink::default();
        self.shard.handle_timeout(self.now, &mut out);
        self.deliver(out);
    }

    /// It is somewhere else from now on.
    pub fn change_home(&mut self, who: usize, home: SocketAddr) {
        self.people[who].home = home;
        self.homes.insert(home);
    }
}
