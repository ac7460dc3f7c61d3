//! One speaker, one listener, and a bad network on the way up or down.

use std::time::{Duration, Instant};

use palabre_core::opus::{SILENT_FRAME, inspect};
use palabre_core::room::PackSize;
use palabre_core::shard::{Door, FloorRules, Limits};
use palabre_load::netem::Conditions;
use str0m::rtp::RtpPacket;

use crate::ear::FRAME;
use crate::shard_common::World;
use crate::voice;

/// Each way; both together are the round trip.
const DELAY: Duration = Duration::from_millis(20);
/// What the speaker's encoder is told when in-band FEC is tried.
const REPORTED_LOSS_PERCENT: u8 = 10;
/// Of a listener, as the web client has them: the slots, and the mix.
const LINES: usize = 4;

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

/// What the listener is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The speaker's own packets, 20 ms each.
    Forwarded,
    /// The server's mix, in packs.
    Mix(PackSize),
}

impl Line {
    /// What a packet lasts.
    pub fn packet_ms(self) -> u64 {
        match self {
            Self::Forwarded => 20,
            Self::Mix(size) => 20 * size.frames() as u64,
        }
    }

    fn floor(self) -> FloorRules {
        // What is measured is these packets, each sent once.
        let rules = FloorRules {
            sheltered: 0,
            ..FloorRules::default()
        };
        match self {
            Self::Forwarded => rules,
            Self::Mix(size) => FloorRules {
                above: 0,
                frames: Some(size),
                ..rules
            },
        }
    }
}

/// What is done about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Means {
    /// Lost packets are asked for again.
    pub nack: bool,
    /// The encoder puts copies in band, and the listener's decoder uses them. Of one voice in packs it puts none.
    pub fec: bool,
    /// Packets repeat the one before (RFC 2198). The engine takes that from speakers; for what it could send to
    /// listeners it is only reckoned, since a copy is lost or comes with its packet whatever is in it.
    pub red: bool,
}

impl Means {
    /// Everything that exists on this way: a speaker does not answer NACKs. Of the mix, nothing, what comes for free, and
    /// all there is.
    pub fn all(way: Way, line: Line) -> Vec<Self> {
        if let Line::Mix(_) = line {
            let mix = |nack, fec| Self {
                nack,
                fec,
                red: false,
            };
            return vec![mix(false, false), mix(false, true), mix(true, true)];
        }
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
    pub line: Line,
    pub means: Means,
    pub loss: f64,
    pub burst: f64,
    pub seed: u64,
}

/// What reached the listener.
#[derive(Debug)]
pub struct Heard {
    /// When the first frame is heard without any delay but the way's, and that of being packed.
    pub begin: Instant,
    /// For each frame: when its packet came, and the Opus of all its frames, which is at the first one's place.
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
            line,
            means,
            loss,
            burst,
            seed,
        } = self;
        let (way, packet_ms, means) = (way.word(), line.packet_ms(), means.words());
        format!("{way}-{packet_ms}-{means}-{loss}-{burst}-{seed}")
    }

    /// Says everything and returns what was heard.
    pub fn play(&self, said: &[f32]) -> Heard {
        let percent = match self.line {
            Line::Forwarded if self.means.fec => REPORTED_LOSS_PERCENT,
            Line::Forwarded | Line::Mix(_) => 0,
        };
        let frames = voice::encode(said, percent);
        let mut world = self.world();
        let begin = world.now + 2 * DELAY;
        world.say(0, &frames);
        world.run(Duration::from_secs(1));
        match self.line {
            Line::Forwarded => self.sort(&world, begin, frames),
            Line::Mix(size) => sort_mix(&world, size, frames),
        }
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
        let limits = Limits {
            floor: self.line.floor(),
            ..Limits::default()
        };
        let mut world = World::new(good, self.seed, limits);
        world.admit("ann", 1, true);
        world.admit("ben", 2, false);
        world.connect("ann", Door::Whip, 1).unwrap();
        world.connect("ben", Door::Whep, LINES).unwrap();
        world.settle();
        world.clients[1].peer.heard.clear();
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
    fn sort(&self, world: &World, begin: Instant, said: Vec<Vec<u8>>) -> Heard {
        let client = &world.clients[1];
        let copied = self.means.red && self.way == Way::Down;
        let mut heard = Heard {
            begin,
            frames: vec![None; said.len()],
            packets: client.peer.heard.len(),
            bytes: 0,
            copied,
            said,
        };
        let mut origin = None;
        for packet in &client.peer.heard {
            heard.bytes += packet.payload.len() * if copied { 2 } else { 1 };
            let (at, opus) = (packet.header.timestamp, packet.payload.to_vec());
            let origin = *origin.get_or_insert_with(|| {
                let first = heard.said.iter().position(|frame| *frame == opus).unwrap();
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

/// The packets of the mix in their places: its frames are none of those that were said, so only their times tell.
fn sort_mix(world: &World, size: PackSize, said: Vec<Vec<u8>>) -> Heard {
    let client = &world.clients[1];
    let mix = client.accepted.ssrcs[LINES - 1];
    let of_mix = client.peer.heard.iter().filter(|packet| {
        *packet.header.ssrc == mix && !packet.payload.is_empty() && *packet.payload != SILENT_FRAME
    });
    let packets: Vec<_> = of_mix.collect();
    let origin = packets.iter().map(|packet| packet.header.timestamp).min();
    let origin = origin.unwrap_or_default();
    let index = |at: u32| (at.wrapping_sub(origin) / 960) as usize;
    // The newest frame of a pack has not waited, the oldest as long as the pack is.
    let unpacked = |packet: &&RtpPacket| {
        let frames = inspect(&packet.payload).unwrap().frames;
        let newest = index(packet.header.timestamp) + frames - 1;
        packet.timestamp - FRAME * newest as u32
    };
    let fastest = packets.iter().map(unpacked).min().unwrap_or(world.now);
    let mut heard = Heard {
        begin: fastest + FRAME * (size.frames() as u32 - 1),
        frames: vec![None; said.len()],
        packets: packets.len(),
        bytes: packets.iter().map(|packet| packet.payload.len()).sum(),
        copied: false,
        said,
    };
    for packet in packets {
        if let Some(place) = heard.frames.get_mut(index(packet.header.timestamp)) {
            place.get_or_insert((packet.timestamp, packet.payload.to_vec()));
        }
    }
    heard
}
