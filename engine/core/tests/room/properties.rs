//! Whatever comes, in whatever order.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use palabre_core::opus::inspect;
use palabre_core::room::{AudioPacket, PackSize, ParticipantKey, RecordingKey};
use proptest::prelude::*;

use crate::bench::{Bench, csrc, ms};
use crate::ear::{Ear, Heard};

#[derive(Debug, Clone)]
enum Happening {
    Packet {
        who: u32,
        ssrc: u32,
        step: u16,
        jump: u32,
        level: Option<u8>,
        payload: Vec<u8>,
    },
    MaySpeak {
        who: u32,
        may_speak: bool,
    },
    Remove {
        who: u32,
    },
    Admit {
        who: u32,
    },
    Time {
        ms: u64,
    },
    WantMix {
        wanted: bool,
    },
    Pack {
        size: PackSize,
    },
    Record {
        start: bool,
    },
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..100),
        // A real TOC for 20 ms, so that much of it decodes to noise.
        proptest::collection::vec(any::<u8>(), 2..100).prop_map(|mut bytes| {
            bytes[0] = 0xf8;
            bytes
        }),
    ]
}

fn packet() -> impl Strategy<Value = Happening> {
    let step = prop_oneof![4 => Just(1u16), 1 => any::<u16>()];
    let jump = prop_oneof![4 => Just(960u32), 1 => any::<u32>()];
    let level = proptest::option::of(any::<u8>());
    (0u32..6, 0u32..2, step, jump, level, payload()).prop_map(
        |(who, ssrc, step, jump, level, payload)| Happening::Packet {
            who,
            ssrc,
            step,
            jump,
            level,
            payload,
        },
    )
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        20 => packet(),
        10 => (0u64..60).prop_map(|ms| Happening::Time { ms }),
        2 => (0u32..6, any::<bool>()).prop_map(|(who, may_speak)| Happening::MaySpeak { who, may_speak }),
        1 => (0u32..6).prop_map(|who| Happening::Remove { who }),
        2 => (0u32..6).prop_map(|who| Happening::Admit { who }),
        1 => any::<bool>().prop_map(|wanted| Happening::WantMix { wanted }),
        1 => prop::sample::select(vec![PackSize::One, PackSize::Three, PackSize::Five, PackSize::Six])
            .prop_map(|size| Happening::Pack { size }),
        1 => any::<bool>().prop_map(|start| Happening::Record { start }),
    ]
}

/// What was said before a right was taken may still be in a pack whose group has its turn this much later.
const PACK: Duration = Duration::from_millis(120);

/// Who may speak, as the test knows it; and each sender's numbers.
#[derive(Default)]
struct World {
    may_speak: HashMap<u32, bool>,
    /// Who might until when.
    might_speak: HashMap<u32, Duration>,
    numbers: HashMap<u32, (u16, u32)>,
}

impl World {
    fn apply(&mut self, bench: &mut Bench, happening: &Happening) {
        let now = bench.now();
        match happening {
            Happening::Packet {
                who,
                ssrc,
                step,
                jump,
                level,
                payload,
            } => {
                let (seq, rtp_ts) = self.numbers.entry(*who).or_default();
                (*seq, *rtp_ts) = (seq.wrapping_add(*step), rtp_ts.wrapping_add(*jump));
                let (ssrc, seq, rtp_ts, claimed_level) = (*ssrc, *seq, *rtp_ts, *level);
                let packet = AudioPacket {
                    ssrc,
                    seq,
                    rtp_ts,
                    marker: false,
                    claimed_level,
                    payload,
                };
                bench
                    .room
                    .on_audio(now, ParticipantKey(*who), &packet, &mut bench.ear);
            }
            Happening::MaySpeak { who, may_speak } => {
                self.note_end(bench, *who);
                self.may_speak
                    .entry(*who)
                    .and_modify(|may| *may = *may_speak);
                bench.may_speak(*who, *may_speak);
            }
            Happening::Remove { who } => {
                self.note_end(bench, *who);
                self.may_speak.remove(who);
                bench.room.remove(ParticipantKey(*who), &mut bench.ear);
            }
            Happening::Admit { who } => {
                self.may_speak.insert(*who, true);
                bench
                    .room
                    .admit(ParticipantKey(*who), csrc(*who), true, &mut bench.ear);
            }
            Happening::Time { ms: step } => bench.until(bench.ear.now + ms(*step)),
            Happening::WantMix { wanted } => bench.room.want_mix(*wanted, now),
            Happening::Pack { size } => bench.pack(*size),
            Happening::Record { start: true } => {
                bench
                    .room
                    .start_recording(RecordingKey(1), "random", now, &mut bench.ear);
            }
            Happening::Record { start: false } => bench.room.stop_recording(now, &mut bench.ear),
        }
    }

    fn note_end(&mut self, bench: &Bench, who: u32) {
        if self.may(who) {
            self.might_speak.insert(who, bench.ear.now);
        }
    }

    /// Whether who may not speak now might when the oldest frame of a pack was made.
    fn might(&self, who: u32, now: Duration) -> bool {
        let until = self.might_speak.get(&who);
        until.is_some_and(|until| now.saturating_sub(*until) <= PACK)
    }

    fn may(&self, who: u32) -> bool {
        self.may_speak.get(&who).copied().unwrap_or(false)
    }

    /// Nothing that came out at this moment is of one who may not speak at this moment.
    fn check(&self, ear: &Ear, slots: usize, mixes: usize) -> Result<(), TestCaseError> {
        if ear.slots.values().flatten().count() > slots {
            let heard = (0..6).filter(|who| ear.forwarded(*who).any(|packet| packet.at == ear.now));
            prop_assert!(heard.into_iter().all(|who| self.may(who)));
        }
        for packet in &ear.mix[mixes..] {
            prop_assert!(
                packet.csrcs.iter().all(|heard| (0..6).any(
                    |who| csrc(who) == *heard && (self.may(who) || self.might(who, packet.at))
                ))
            );
        }
        let speaking = ear
            .speaking
            .last()
            .map(|(_, now)| now.as_slice())
            .unwrap_or_default();
        prop_assert!(speaking.iter().all(|who| self.may(who.0)));
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_no_number_repeats_and_nobody_is_heard_who_may_not_speak(
        happenings in proptest::collection::vec(happening(), 1..200)
    ) {
        let (mut bench, mut world) = (Bench::new(0), World::default());
        for happening in &happenings {
            // No two at the same moment: what came out at a moment is then judged by that moment's rights.
            bench.ear.now += Duration::from_micros(1);
            let (slots, mixes) = (bench.ear.slots.values().flatten().count(), bench.ear.mix.len());
            world.apply(&mut bench, happening);
            world.check(&bench.ear, slots, mixes)?;
        }
        for packets in bench.ear.slots.values() {
            let numbers: HashSet<u64> = packets.iter().map(|packet| packet.seq).collect();
            prop_assert_eq!(numbers.len(), packets.len());
            for tenure in packets.windows(2).filter(|pair| pair[1].from != pair[0].from) {
                prop_assert!(packets.iter().take_while(|p| p.at < tenure[1].at).all(|p| p.seq < tenure[1].seq));
            }
        }
        for group in 0..6 {
            let packets = bench.ear.group(group);
            prop_assert!(packets.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1));
            let after = |packet: &Heard| {
                let samples = inspect(&packet.payload).map_or(0, |info| info.samples);
                packet.rtp_ts.wrapping_add(samples as u32)
            };
            prop_assert!(packets.windows(2).all(|pair| pair[1].rtp_ts.wrapping_sub(after(&pair[0])).cast_signed() >= 0));
        }
    }
}
