//! A link and a peer that shake hands over a network which the input is: what it delivers, doubles, loses, mixes up and
//! damages, what else it sends, and what time passes; then sound and reports, sealed by the peer and damaged as well.
#![no_main]

#[path = "../common/peer.rs"]
mod peer;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use palabre_core::dtls::Fingerprint;
use palabre_core::ice::{IceCredentials, Path};
use palabre_core::link::{Link, LinkConfig, LinkState, Received};
use palabre_core::rtp::ExtensionIds;
use palabre_core::stun::{BindingRequest, write_binding_request};
use peer::{CERTIFICATE, Fate, IDENTITY, Kind, Peer, fingerprint};

/// Of one input: no handshake takes so many.
const MOST_STEPS: usize = 200;
/// Datagrams on their way in one direction; what comes beyond is lost.
const MOST_ON_THE_WAY: usize = 64;

#[derive(Debug, Arbitrary)]
struct Run {
    kind: Kind,
    /// Its offer announced another certificate.
    is_impostor: bool,
    /// Datagrams that arrive before the network shows what it is.
    head_start: u8,
    steps: Vec<Step>,
}

#[derive(Debug, Arbitrary)]
enum Step {
    ToLink {
        which: u8,
        fate: Fate,
    },
    ToPeer {
        which: u8,
        fate: Fate,
    },
    /// Everything arrives for a while.
    GoOn(u8),
    Forged(Vec<u8>),
    Elsewhere(Vec<u8>),
    Milliseconds(u16),
    Sound {
        index: u8,
        payload: Vec<u8>,
        fate: Fate,
    },
    Report {
        more: Vec<u8>,
        fate: Fate,
    },
}

struct World {
    now: Instant,
    link: Link,
    peer: Peer,
    to_link: Vec<Vec<u8>>,
    to_peer: Vec<Vec<u8>>,
    /// Indices that were opened.
    heard: HashSet<u64>,
}

fn path() -> Path {
    Path::to(([192, 0, 2, 9], 9).into())
}

impl World {
    fn new(kind: Kind, announced: Fingerprint) -> Self {
        let now = Instant::now();
        let local = IceCredentials::for_shard(0, &[7; 34]);
        let remote = IceCredentials::for_shard(1, &[9; 34]);
        let username = format!("{}:{}", local.ufrag(), remote.ufrag());
        let request = BindingRequest {
            transaction: [1; 12],
            username: &username,
            priority: 1,
            tie_breaker: 1,
            use_candidate: true,
        };
        let mut check = write_binding_request(&request, local.password());
        let config = LinkConfig {
            local,
            remote,
            remote_fingerprint: announced,
            dtls_role: kind.engines_role(),
            extensions: ExtensionIds::default(),
            probe_secret: [3; 16],
        };
        let mut world = Self {
            now,
            link: Link::new(config, &IDENTITY, now),
            peer: Peer::new(kind, &CERTIFICATE, now),
            to_link: Vec::new(),
            to_peer: Vec::new(),
            heard: HashSet::new(),
        };
        world.receive(path(), &mut check);
        assert_eq!(world.link.state(), LinkState::Handshaking);
        world.to_link.extend(world.peer.poll());
        world
    }

    /// What the link makes of a datagram: true for sound or a report.
    fn receive(&mut self, from: Path, datagram: &mut [u8]) -> bool {
        let mut out = Vec::new();
        let received = self
            .link
            .handle_datagram(self.now, from, datagram, &mut out);
        let is_media = matches!(received, Some(Received::Rtp(_) | Received::Rtcp(_)));
        assert!(!is_media || from == path(), "only where a check came from");
        self.send(out);
        is_media
    }

    fn send(&mut self, out: Vec<(Path, Vec<u8>)>) {
        assert!(out.iter().all(|(to, _)| *to == path()));
        self.to_peer
            .extend(out.into_iter().map(|(_, datagram)| datagram));
        self.to_peer.truncate(MOST_ON_THE_WAY);
    }

    fn to_link(&mut self, which: u8, fate: Fate) {
        if let Some(mut datagram) = taken(&mut self.to_link, which, fate) {
            self.receive(path(), &mut datagram);
        }
    }

    fn to_peer(&mut self, which: u8, fate: Fate) {
        if let Some(datagram) = taken(&mut self.to_peer, which, fate) {
            self.peer.handle(&datagram);
            self.to_link.extend(self.peer.poll());
            self.to_link.truncate(MOST_ON_THE_WAY);
        }
    }

    fn go_on(&mut self, datagrams: u8) {
        for _ in 0..datagrams {
            self.to_link(0, Fate::Arrives);
            self.to_peer(0, Fate::Arrives);
        }
    }

    fn pass(&mut self, milliseconds: u16) {
        self.now += Duration::from_millis(milliseconds.into());
        let mut out = Vec::new();
        self.link.handle_timeout(self.now, &mut out);
        self.send(out);
        self.peer.handle_timeout(self.now);
        self.to_link.extend(self.peer.poll());
        self.to_link.truncate(MOST_ON_THE_WAY);
    }

    fn sound(&mut self, index: u8, payload: &[u8], fate: Fate) {
        let index = 65_500 + u64::from(index);
        let keys = self.peer.keys.as_mut();
        let Some(sealed) = keys.and_then(|keys| keys.rtp(index, payload)) else {
            return;
        };
        if let Some(mut datagram) = fate.meets(&sealed) {
            let whole = datagram == sealed;
            if self.receive(path(), &mut datagram) {
                assert!(whole, "it was damaged");
                assert!(self.heard.insert(index), "it was heard before");
            }
        }
    }

    fn report(&mut self, more: &[u8], fate: Fate) {
        let Some(keys) = &mut self.peer.keys else {
            return;
        };
        let sealed = keys.rtcp(more);
        if let Some(datagram) = fate.meets(&sealed) {
            let whole = datagram == sealed;
            let opened = self.receive(path(), &mut datagram.clone());
            assert!(whole || !opened, "it was damaged");
            let again = self.receive(path(), &mut datagram.clone());
            assert!(!again || !opened, "it was opened before");
        }
    }
}

/// The datagram of this number, as it arrives.
fn taken(way: &mut Vec<Vec<u8>>, which: u8, fate: Fate) -> Option<Vec<u8>> {
    if way.is_empty() {
        return None;
    }
    let at = usize::from(which) % way.len();
    let datagram = match fate {
        Fate::Doubled => way.get(at)?.clone(),
        Fate::Arrives | Fate::Lost | Fate::Flipped { .. } | Fate::Cut(_) => way.remove(at),
    };
    fate.meets(&datagram)
}

fuzz_target!(|run: Run| {
    let announced = if run.is_impostor {
        Fingerprint([1; 32])
    } else {
        fingerprint()
    };
    let mut world = World::new(run.kind, announced);
    world.go_on(run.head_start);
    for step in run.steps.into_iter().take(MOST_STEPS) {
        match step {
            Step::ToLink { which, fate } => world.to_link(which, fate),
            Step::ToPeer { which, fate } => world.to_peer(which, fate),
            Step::GoOn(datagrams) => world.go_on(datagrams % 8),
            Step::Forged(mut datagram) => {
                assert!(!world.receive(path(), &mut datagram));
            }
            Step::Elsewhere(mut datagram) => {
                let elsewhere = Path::to(([203, 0, 113, 9], 9).into());
                assert!(!world.receive(elsewhere, &mut datagram));
            }
            Step::Milliseconds(span) => world.pass(span),
            Step::Sound {
                index,
                payload,
                fate,
            } => world.sound(index, &payload, fate),
            Step::Report { more, fate } => world.report(&more, fate),
        }
        let connected = world.link.state() == LinkState::Connected;
        assert!(
            !(connected && run.is_impostor),
            "nobody can know the key of this fingerprint"
        );
    }
});
