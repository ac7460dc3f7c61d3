//! A room whose speakers send anything, while rights, mix, packs and recording come and go.
#![no_main]

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use palabre_core::opus::{SILENT_FRAME, inspect};
use palabre_core::room::{
    AudioPacket, GroupIndex, MixPacket, Moment, PackSize, ParticipantKey, RecordingKey, Room,
    RoomSink, SlotIndex, SlotPacket,
};

/// What was said before a right was taken may be in a pack whose group has its turn so much later.
const PACK: Duration = Duration::from_millis(120);
/// 20 ms at 48 kHz.
const FRAME: u32 = 960;

/// In one run: a frame of the mix takes a good part of a millisecond, and no input may take seconds.
const MOST_SAID: u16 = 1_000;

#[derive(Debug, Arbitrary)]
enum Step {
    Packet(Packet),
    /// Frames that follow one another; their first byte says in which configuration of the codec.
    Say {
        who: u8,
        frames: u8,
        payload: Vec<u8>,
    },
    Milliseconds(u8),
    MaySpeak {
        who: u8,
        may_speak: bool,
    },
    WantMix(bool),
    Pack(u8),
    Record(bool),
}

#[derive(Debug, Arbitrary)]
struct Packet {
    who: u8,
    ssrc: u8,
    seq: u16,
    rtp_ts: u32,
    claimed_level: Option<u8>,
    payload: Vec<u8>,
}

/// Checks what comes out: against who may speak, and that it makes no difference to anybody in which group they are.
struct Judge {
    may_speak: HashSet<ParticipantKey>,
    might_speak: HashMap<ParticipantKey, Instant>,
    /// SSRC, group of the mix, number.
    sent: HashSet<(u32, u8, u64)>,
    /// No tick that is made now was due before.
    before: Instant,
    size: PackSize,
    /// The frames with sound that each group has had, by their RTP time, since all had the same.
    had: [Vec<u32>; 6],
    /// The newest RTP time of each stream.
    newest: HashMap<(u8, u8), u32>,
    /// Not every group has to have had the same since then: a frame came late, or a right was taken.
    uneven: bool,
}

impl Judge {
    fn new(now: Instant) -> Self {
        Self {
            may_speak: HashSet::new(),
            might_speak: HashMap::new(),
            sent: HashSet::new(),
            before: now,
            size: PackSize::One,
            had: Default::default(),
            newest: HashMap::new(),
            uneven: false,
        }
    }

    fn may_speak(&mut self, now: Instant, who: ParticipantKey, may_speak: bool) {
        if may_speak {
            self.may_speak.insert(who);
        } else if self.may_speak.remove(&who) {
            self.might_speak.insert(who, now);
            self.uneven = true;
        }
    }

    fn is_named(&self, who: ParticipantKey) -> bool {
        let lately = |until: &Instant| self.before <= *until + PACK;
        self.may_speak.contains(&who) || self.might_speak.get(&who).is_some_and(lately)
    }

    /// Whoever is moved now from one group to another, or to the slots, misses nothing and hears nothing twice.
    fn all_have_had_the_same(&mut self) {
        let (first, others) = self.had.split_first().expect("there are six");
        for other in others
            .iter()
            .take(self.size.frames() - 1)
            .filter(|_| !self.uneven)
        {
            assert_eq!(first, other, "a group has missed a frame");
        }
        self.forget();
    }

    fn forget(&mut self) {
        self.had.iter_mut().for_each(Vec::clear);
        self.uneven = false;
    }

    /// A frame that is older than one before it is late: some groups have had their turn.
    fn comes(&mut self, packet: &Packet) {
        let stream = (packet.who % 5, packet.ssrc);
        let newest = self.newest.entry(stream).or_insert(packet.rtp_ts);
        if packet.rtp_ts.wrapping_sub(*newest).cast_signed() < 0 {
            self.uneven = true;
        }
        *newest = packet.rtp_ts;
    }
}

impl RoomSink for Judge {
    fn slot_packet(&mut self, _slot: SlotIndex, packet: &SlotPacket<'_>) {
        assert!(self.may_speak.contains(&packet.from));
        assert!(
            self.sent.insert((packet.ssrc, 0, packet.seq)),
            "a number was used twice"
        );
    }
    fn mix_packet(&mut self, group: GroupIndex, packet: &MixPacket<'_>) {
        for csrc in packet.csrcs {
            assert!(self.is_named(ParticipantKey(*csrc)));
        }
        assert!(
            self.sent.insert((packet.ssrc, group.0, packet.seq)),
            "a number was used twice"
        );
        let frames = inspect(packet.payload).expect("the mix is Opus").frames;
        let group = usize::from(group.0);
        assert!(group < self.size.frames() && frames <= self.size.frames());
        if packet.payload == SILENT_FRAME {
            return;
        }
        for frame in 0..frames as u32 {
            let at = packet.rtp_ts.wrapping_add(frame * FRAME);
            let had = &mut self.had[group];
            let newer = |last: &u32| at.wrapping_sub(*last).cast_signed() > 0;
            assert!(had.last().is_none_or(newer), "a frame came twice");
            had.push(at);
        }
    }
    fn mix_turn(&mut self, _at: Instant, _group: GroupIndex, moment: Moment) {
        if moment == Moment::Rest {
            self.all_have_had_the_same();
        }
    }
    fn mix_resized(&mut self, size: PackSize) {
        self.all_have_had_the_same();
        self.size = size;
    }
    fn speaking(&mut self, _now_speaking: &[ParticipantKey]) {}
    fn started_speaking(&mut self, who: ParticipantKey) {
        assert!(self.may_speak.contains(&who));
    }
    fn recording_page(&mut self, _recording: RecordingKey, _page: &[u8]) {}
    fn recording_stopped(&mut self, _recording: RecordingKey, _duration_ms: u64) {}
}

fn send(room: &mut Room, now: Instant, packet: &Packet, judge: &mut Judge) {
    judge.comes(packet);
    let audio = AudioPacket {
        ssrc: packet.ssrc.into(),
        seq: packet.seq,
        rtp_ts: packet.rtp_ts,
        marker: false,
        claimed_level: packet.claimed_level,
        payload: &packet.payload,
    };
    room.on_audio(
        now,
        ParticipantKey(u32::from(packet.who % 5)),
        &audio,
        judge,
    );
}

fuzz_target!(|steps: Vec<Step>| {
    let mut now = Instant::now();
    let (mut room, mut judge) = (Room::new(1, now), Judge::new(now));
    let (mut said, mut listened) = ((0u16, 0u32), false);
    for step in steps {
        match step {
            Step::Packet(packet) => send(&mut room, now, &packet, &mut judge),
            Step::Say {
                who,
                frames,
                payload,
            } => {
                for _ in 0..u16::from(frames).min(MOST_SAID - said.0) {
                    said = (said.0.wrapping_add(1), said.1.wrapping_add(FRAME));
                    let packet = Packet {
                        who,
                        ssrc: 7,
                        seq: said.0,
                        rtp_ts: said.1,
                        claimed_level: None,
                        payload: payload.clone(),
                    };
                    send(&mut room, now, &packet, &mut judge);
                    judge.before = now;
                    now += Duration::from_millis(20);
                    room.handle_timeout(now, &mut judge);
                }
            }
            Step::Milliseconds(span) => {
                judge.before = now;
                now += Duration::from_millis(span.into());
                room.handle_timeout(now, &mut judge);
            }
            Step::MaySpeak { who, may_speak } => {
                let who = ParticipantKey(u32::from(who % 5));
                judge.may_speak(now, who, may_speak);
                room.admit(who, who.0, may_speak, &mut judge);
            }
            Step::WantMix(wanted) => {
                room.want_mix(wanted, now);
                // Who begins to listen is owed nothing of what was said before.
                if wanted != listened {
                    judge.forget();
                }
                listened = wanted;
            }
            Step::Pack(size) => {
                if let Some(size) = PackSize::of(usize::from(size % 7)) {
                    room.set_pack_size(size, now, &mut judge);
                }
            }
            Step::Record(true) => room.start_recording(RecordingKey(1), "fuzz", now, &mut judge),
            Step::Record(false) => room.stop_recording(now, &mut judge),
        }
    }
});
