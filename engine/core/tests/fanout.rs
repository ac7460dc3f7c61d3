//! The table of listeners: what each can open of what it is sent, and that no index of a key is ever used for two packets.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]
#![allow(
    clippy::disallowed_methods,
    reason = "virtual time begins at some real moment"
)]

mod fanout_common;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use fanout_common::{header, listener, master, path};
use palabre_core::fanout::{Fanout, LINES, MIX, Sent, Shared};
use palabre_core::ice::Path;
use palabre_core::link::{RetransmitRing, Transmit};
use palabre_core::room::ParticipantKey;
use palabre_core::rtp::{Header, extend_sequence};
use palabre_core::shard::{RecordingId, RoomId, ShardEvent, ShardSink};
use palabre_core::srtp::Opener;
use proptest::prelude::*;

#[derive(Default)]
struct Out(Vec<(Path, Vec<u8>)>);

impl Transmit for Out {
    fn transmit(&mut self, path: Path, datagram: &[u8]) {
        self.0.push((path, datagram.to_vec()));
    }
}

impl ShardSink for Out {
    fn datagram(&mut self, path: Path, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        let mut buffer = [0; 1_500];
        if let Some(len) = fill(&mut buffer) {
            self.transmit(path, &buffer[..len]);
        }
    }
    fn event(&mut self, _event: ShardEvent) {}
    fn recording_page(&mut self, _room: &RoomId, _recording: &RecordingId, _page: &[u8]) {}
}

/// A table, its room's lines, and all that was sent.
struct World {
    now: Instant,
    fanout: Fanout,
    rings: [RetransmitRing; LINES],
    out: Out,
    packets: u64,
}

impl World {
    fn new() -> Self {
        Self {
            now: Instant::now(),
            fanout: Fanout::default(),
            rings: std::array::from_fn(|_| RetransmitRing::default()),
            out: Out::default(),
            packets: 0,
        }
    }

    fn send(&mut self, line: usize, seq: u64, to: &[usize], from: Option<u32>) {
        // No two packets are alike.
        self.packets += 1;
        let (mut header, payload) = (header(line, seq), self.packets.to_be_bytes());
        self.rings[line].store(seq, &header, &payload);
        let mut packet = Shared {
            line,
            seq,
            header: &mut header,
            payload: &payload,
        };
        let from = from.map(ParticipantKey);
        self.fanout
            .send(self.now, to, from, &mut packet, &mut self.out);
    }

    fn repeat(&mut self, key: usize, line: usize, sequence: u16) -> bool {
        let ring = (line, &self.rings[line]);
        let again = self.fanout.find(key, ring, sequence);
        again.is_some_and(|again| self.fanout.repeat(self.now, key, &again, &mut self.out))
    }

    fn repeat_all(&mut self, line: usize, seq: u64, to: &[usize]) -> u64 {
        let ring = (line, &self.rings[line]);
        self.fanout
            .repeat_all(self.now, to, ring, seq, &mut self.out)
    }
}

#[test]
fn each_listener_opens_its_own_copy_under_its_own_payload_type() {
    let mut world = World::new();
    for number in 0..6 {
        let listener = listener(number, world.now);
        world.fanout.enter(number as usize, listener);
    }
    world.send(MIX, 70_000, &[0, 1, 2, 3, 4, 5], None);
    assert_eq!(world.out.0.len(), 6);
    for (number, (to, datagram)) in world.out.0.iter_mut().enumerate() {
        assert_eq!(*to, path(number as u32));
        let mut opener = Opener::new(&master(number as u32)).unwrap();
        let (header, index, len) = opener.open_rtp(datagram).unwrap();
        assert_eq!(header.payload_type, 96 + number as u8);
        assert_eq!(index, 70_000 & 0x7fff, "no doubt about the roll-over");
        assert_eq!(datagram[header.len..len], 1u64.to_be_bytes());
    }
}

#[test]
fn nothing_is_sent_without_consent_and_checks_move_the_sound() {
    let mut world = World::new();
    world.fanout.enter(3, listener(3, world.now));
    world.send(0, 1, &[3], None);
    world.now += Duration::from_secs(30);
    world.send(0, 2, &[3], None);
    assert!(!world.repeat(3, 0, 1));
    assert_eq!(world.out.0.len(), 1);
    let until = world.now + Duration::from_secs(30);
    world.fanout.consents(3, path(99), until);
    world.send(0, 3, &[3], None);
    assert!(world.repeat(3, 0, 3));
    assert!(world.out.0[1..].iter().all(|(to, _)| *to == path(99)));
    assert_eq!(world.out.0.len(), 3);
}

#[test]
fn closed_lines_and_gone_listeners_are_sent_nothing() {
    let mut world = World::new();
    let mut slots_only = listener(0, world.now);
    slots_only.open = 0..MIX;
    world.fanout.enter(0, slots_only);
    world.fanout.enter(1, listener(1, world.now));
    world.fanout.leave(1);
    world.send(MIX, 1, &[0, 1, 2, 77], None);
    assert!(world.out.0.is_empty());
    world.send(2, 1, &[0, 1, 2, 77], None);
    assert_eq!(world.out.0.len(), 1);
}

#[test]
fn what_is_sent_twice_is_the_same_packet_for_whoever_was_sent_it_and_nothing_for_others() {
    let mut world = World::new();
    (0..3).for_each(|key| world.fanout.enter(key, listener(key as u32, world.now)));
    // It is listener 1's own voice, and listener 2 comes later.
    world.send(0, 7, &[0, 1], Some(1));
    world.send(0, 8, &[0, 1, 2], None);
    let first = world.out.0[0].clone();
    assert_eq!(world.repeat_all(0, 7, &[0, 1, 2]), 1);
    assert_eq!(world.out.0.last(), Some(&first));
    assert_eq!(world.repeat_all(0, 8, &[0, 1, 2]), 3);
    assert_eq!(world.repeat_all(0, 9, &[0, 1, 2]), 0, "not there yet");
    world.fanout.leave_line(0, 0);
    assert_eq!(world.repeat_all(0, 8, &[0]), 0);
}

#[test]
fn what_was_sent_is_counted_for_the_next_report_alone() {
    let mut world = World::new();
    world.fanout.enter(0, listener(0, world.now));
    assert_eq!(world.fanout.news(0, MIX), None);
    world.send(MIX, 1, &[0], None);
    world.send(MIX, 2, &[0], None);
    let sent = Sent {
        packets: 2,
        octets: 16,
    };
    assert_eq!(world.fanout.news(0, MIX), Some(sent));
    assert_eq!(world.fanout.news(0, MIX), None);
    assert!(world.fanout.take_used() && !world.fanout.take_used());
}

/// What may happen to a shard's listeners, in any order.
#[derive(Debug, Clone)]
enum Step {
    Join(usize),
    Leave(usize),
    /// To another class: not sent on this line for a while.
    Move(usize, usize),
    /// To another group: the line's packets come from another count.
    Jump(usize, u64),
    /// A packet on a line, so many numbers ahead of or behind the newest, maybe the own voice of somebody, to those
    /// whose bits are set.
    Send(usize, i64, Option<u32>, u8),
    Nack(usize, usize, u16),
    /// A line's packet so many before the newest one once more, unasked, to those whose bits are set.
    Again(usize, u64, u8),
    /// An ICE restart, or a roaming phone.
    Roam(usize),
}

const KEYS: usize = 4;

fn of_bits(keys: u8) -> Vec<usize> {
    (0..KEYS).filter(|key| keys >> key & 1 == 1).collect()
}

fn step() -> impl Strategy<Value = Step> {
    let (key, line) = (0..KEYS, 0..LINES);
    prop_oneof![
        1 => key.clone().prop_map(Step::Join),
        1 => key.clone().prop_map(Step::Leave),
        2 => (key.clone(), line.clone()).prop_map(|(key, line)| Step::Move(key, line)),
        1 => (line.clone(), any::<u64>()).prop_map(|(line, to)| Step::Jump(line, to >> 20)),
        12 => (line.clone(), -3i64..6, prop::option::of(0..4u32), any::<u8>())
            .prop_map(|(line, ahead, from, to)| Step::Send(line, ahead, from, to)),
        1 => (line.clone(), 30_000i64..80_000)
            .prop_map(|(line, ahead)| Step::Send(line, ahead, None, 0xff)),
        6 => (key.clone(), line, 0..80u16).prop_map(|(key, line, back)| Step::Nack(key, line, back)),
        4 => (0..LINES, 0..80u64, any::<u8>()).prop_map(|(line, back, to)| Step::Again(line, back, to)),
        1 => key.prop_map(Step::Roam),
    ]
}

/// What one session has received: it knows its keys and nothing else.
struct Ear {
    opener: Opener,
    highest: HashMap<u32, u64>,
    sealed: HashMap<(u32, u64), Vec<u8>>,
}

impl Ear {
    /// Checks that the datagram is new and opens, or is the very one that came under its index before.
    fn hear(&mut self, datagram: &[u8]) -> Result<(), TestCaseError> {
        let header = Header::parse(datagram).unwrap();
        let index = match self.highest.get(&header.ssrc) {
            Some(highest) => extend_sequence(*highest, header.sequence).unwrap(),
            None => u64::from(header.sequence),
        };
        if let Some(before) = self.sealed.get(&(header.ssrc, index)) {
            prop_assert_eq!(before, datagram, "index {} of two packets", index);
            return Ok(());
        }
        let opened = self.opener.open_rtp(&mut datagram.to_vec());
        prop_assert_eq!(opened.map(|(_, index, _)| index), Ok(index));
        let highest = self.highest.entry(header.ssrc).or_insert(index);
        *highest = index.max(*highest);
        self.sealed.insert((header.ssrc, index), datagram.to_vec());
        Ok(())
    }
}

/// The room's side of the story: who sits where under which session, and how far each line is.
struct Story {
    world: World,
    sessions: [Option<u32>; KEYS],
    opened: u32,
    newest: [u64; LINES],
    /// A room never uses a number twice.
    used: std::collections::HashSet<(usize, u64)>,
    ears: HashMap<u32, Ear>,
    places: HashMap<Path, u32>,
}

impl Story {
    fn new() -> Self {
        Self {
            world: World::new(),
            sessions: [None; KEYS],
            opened: 0,
            newest: [65_500, 3, 900_000, 32_000],
            used: std::collections::HashSet::new(),
            ears: HashMap::new(),
            places: HashMap::new(),
        }
    }

    fn join(&mut self, key: usize) {
        self.opened += 1;
        let session = self.opened;
        let mut listener = listener(session, self.world.now);
        listener.who = ParticipantKey(key as u32);
        self.places.insert(listener.path, session);
        self.world.fanout.enter(key, listener);
        self.sessions[key] = Some(session);
        let ear = Ear {
            opener: Opener::new(&master(session)).unwrap(),
            highest: HashMap::new(),
            sealed: HashMap::new(),
        };
        self.ears.insert(session, ear);
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Join(key) => self.join(key),
            Step::Leave(key) => {
                self.world.fanout.leave(key);
                self.sessions[key] = None;
            }
            Step::Move(key, line) => self.world.fanout.leave_line(key, line),
            Step::Jump(line, to) => {
                self.newest[line] = to;
                self.used.retain(|(of, _)| *of != line);
                self.world.rings[line] = RetransmitRing::default();
                (0..KEYS).for_each(|key| self.world.fanout.leave_line(key, line));
            }
            Step::Send(line, ahead, from, to) => {
                let seq = self.newest[line].saturating_add_signed(ahead);
                if self.used.insert((line, seq)) {
                    self.newest[line] = self.newest[line].max(seq);
                    self.world.send(line, seq, &of_bits(to), from);
                }
            }
            Step::Nack(key, line, back) => {
                let session = self.sessions[key].and_then(|session| self.ears.get(&session));
                let highest = session.and_then(|ear| ear.highest.get(&(1_000 + line as u32)));
                let highest = highest.copied().unwrap_or(0) as u16;
                self.world.repeat(key, line, highest.wrapping_sub(back));
            }
            Step::Again(line, back, to) => {
                let seq = self.newest[line].saturating_sub(back);
                self.world.repeat_all(line, seq, &of_bits(to));
            }
            Step::Roam(key) => {
                self.opened += 1;
                let (to, until) = (path(self.opened), self.world.now + Duration::from_secs(30));
                self.world.fanout.consents(key, to, until);
                if let Some(session) = self.sessions[key] {
                    self.places.insert(to, session);
                }
            }
        }
    }

    fn listen(&mut self) -> Result<(), TestCaseError> {
        for (to, datagram) in self.world.out.0.drain(..) {
            let session = self.places[&to];
            self.ears.get_mut(&session).unwrap().hear(&datagram)?;
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn no_index_of_a_key_is_used_for_two_packets_whatever_happens(
        steps in proptest::collection::vec(step(), 1..300),
    ) {
        let mut story = Story::new();
        (0..KEYS).for_each(|key| story.join(key));
        for step in &steps {
            story.take(step);
            story.listen()?;
        }
    }
}
