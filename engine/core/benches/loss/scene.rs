//! One speaker, one listener, and a bad network on the way up or down.

use std::time::{Duration, Instant};

use palabre_core::shard::{Door, Limits};
use palabre_load::netem::Conditions;

use crate::shard_common::World;
use crate::voice;

/// Each way; both together are the round trip.
const DELAY: Duration = Duration::from_millis(20);
/// What the speaker's encoder is told when in-band FEC is tried.
const REPORTED_LOSS_PERCENT: u8 = 10;

/// Where the losses are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
}

impl Way {
    pub fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// What is done about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Means {
    /// Lost packets are asked for again.
    pub nack: bool,
    /// The encoder puts copies in band, and the listener's decoder uses them.
    pub fec: bool,
    /// Packets repeat the one before (RFC 2198). The engine takes that from speakers; for what it could send to
    /// listeners it is only reckoned, since a copy is lost or comes with its packet whatever is in it.
    pub red: bool,
}

impl Means {
    /// Everything that exists on this way: a speaker does not answer NACKs.
    pub fn all(way: Way) -> Vec<Self> {
        let both = [false, true];
        let mut all = Vec::new();
        for red in both {
            for fec in both {
                for nack in both {
                    all.push(Self { nack, fec, red });
                }
            }
        }
        all.retain(|means| !(way == Way::Up && means.nack));
        all
    }

    pub fn words(self) -> String {
        let words = [("nack", self.nack), ("fec", self.fec), ("red", self.red)];
        let used: Vec<_> = words
            .iter()
            .filter(|(_, on)| *on)
            .map(|(word, _)| *word)
            .collect();
        if used.is_empty() {
            "nothing".to_owned()
        } else {
            used.join("+")
        }
    }
}

#[derive(Debug)]
pub struct Scene {
    pub way: Way,
    pub means: Means,
    pub loss: f64,
    pub burst: f64,
    pub seed: u64,
}

/// What reached the listener.
#[derive(Debug)]
pub struct Heard {
    /// When the frame at the same index is heard without any delay but the way's.
    pub begin: Instant,
    /// For each frame that was said: when its Opus came, and the bytes.
    pub frames: Vec<Option<(Instant, Vec<u8>)>>,
    /// RTP packets and their payload's bytes.
    pub packets: usize,
    pub bytes: usize,
    /// Every packet to the listener counts as if it carried the frame before it as well.
    pub copied: bool,
    pub said: Vec<Vec<u8>>,
}

impl Scene {
    pub fn name(&self) -> String {
        let Self {
            way,
            means,
            loss,
            burst,
            seed,
        } = self;
        let (way, means) = (way.word(), means.words());
        format!("{way}-{means}-{loss}-{burst}-{seed}")
    }

    /// Says everything and returns what was heard.
    pub fn play(&self, said: &[f32]) -> Heard {
        let percent = if self.means.fec {
            REPORTED_LOSS_PERCENT
        } else {
            0
        };
        let frames = voice::encode(said, percent);
        let mut world = self.world();
        let begin = world.now + 2 * DELAY;
        world.say(0, &frames);
        world.run(Duration::from_secs(1));
        self.sort(&world, begin, &frames)
    }

    fn world(&self) -> World {
        let good = Conditions {
            delay: DELAY,
            ..Conditions::default()
        };
        let bad = Conditions {
            loss: self.loss,
            burst: self.burst,
            ..good
        };
        let mut world = World::new(good, self.seed, Limits::default());
        world.admit("ann", 1, true);
        world.admit("ben", 2, false);
        world.connect("ann", Door::Whip, 1).unwrap();
        world.connect("ben", Door::Whep, 3).unwrap();
        world.settle();
        let seed = self.seed.wrapping_mul(0x9E37_79B9);
        match self.way {
            Way::Up => world.spoil_way_up(bad, seed),
            Way::Down => world.spoil_way_down(bad, seed),
        }
        world.clients[0].peer.redundant = self.means.red && self.way == Way::Up;
        if !self.means.nack {
            world.clients[1].suppress_nacks();
        }
        world
    }

    /// Which frame each packet was, told by its timestamp beside that of one whose bytes are known.
    fn sort(&self, world: &World, begin: Instant, said: &[Vec<u8>]) -> Heard {
        let client = &world.clients[1];
        let copied = self.means.red && self.way == Way::Down;
        let mut heard = Heard {
            begin,
            frames: vec![None; said.len()],
            packets: client.peer.heard.len(),
            bytes: 0,
            copied,
            said: said.to_vec(),
        };
        let mut origin = None;
        for packet in &client.peer.heard {
            heard.bytes += packet.payload.len() * if copied { 2 } else { 1 };
            let (at, opus) = (packet.header.timestamp, packet.payload.to_vec());
            let origin = *origin.get_or_insert_with(|| {
                let first = said.iter().position(|frame| *frame == opus).unwrap();
                at.wrapping_sub(first as u32 * 960)
            });
            let index = (at.wrapping_sub(origin) / 960) as usize;
            if let Some(place) = heard.frames.get_mut(index) {
                place.get_or_insert((packet.timestamp, opus));
            }
        }
        heard
    }
}
