//! What a room's audio costs: nanoseconds of CPU per forwarded packet and per mixed frame.
//!
//! `cargo bench -p palabre-core --bench room`, or under callgrind: it does the same work each time.

#![expect(clippy::disallowed_methods, reason = "a bench asks the clock")]

use std::f32::consts::TAU;
use std::hint::black_box;
use std::time::{Duration, Instant};

use palabre_core::level::Loudness;
use palabre_core::opus::{Encoder, FRAME_SAMPLES};
use palabre_core::room::{
    AudioPacket, GroupIndex, MixPacket, Moment, PackSize, ParticipantKey, RecordingKey, Room,
    RoomSink, SlotIndex, SlotPacket,
};

/// A minute of each case.
const FRAMES: u32 = 3_000;

/// A listener that only touches what it gets.
struct Nobody;

impl RoomSink for Nobody {
    fn slot_packet(&mut self, _slot: SlotIndex, packet: &SlotPacket<'_>) {
        black_box(packet);
    }
    fn mix_packet(&mut self, _group: GroupIndex, packet: &MixPacket<'_>) {
        black_box(packet);
    }
    fn mix_turn(&mut self, _at: Instant, _group: GroupIndex, _moment: Moment) {}
    fn mix_resized(&mut self, _size: PackSize) {}
    fn speaking(&mut self, _now_speaking: &[ParticipantKey]) {}
    fn started_speaking(&mut self, _who: ParticipantKey) {}
    fn recording_page(&mut self, _recording: RecordingKey, page: &[u8]) {
        black_box(page);
    }
    fn recording_stopped(&mut self, _recording: RecordingKey, _duration_ms: u64) {}
}

/// One packet's sound and its honest level (RFC 6464).
struct Sound {
    payload: Vec<u8>,
    level: u8,
}

/// A voice-like sound: a buzz whose loudness and pitch move.
fn frames() -> Vec<Sound> {
    let (mut encoder, mut packet) = (Encoder::new(32_000, 0), [0; 1_275]);
    let mut phase = 0.0f32;
    let mut sample = |t: f32| {
        phase = (phase + (120.0 + 30.0 * (t * 3.0).sin()) / 48_000.0).fract();
        let buzz: f32 = (1..20)
            .map(|k| (phase * k as f32 * TAU).sin() / k as f32)
            .sum();
        0.2 * buzz * (0.6 + 0.4 * (t * 12.0).sin())
    };
    let mut frame = |frame: usize| -> [f32; FRAME_SAMPLES] {
        std::array::from_fn(|n| sample((frame * FRAME_SAMPLES + n) as f32 / 48_000.0))
    };
    let mut encode = |n| {
        let pcm = frame(n);
        let payload = encoder
            .encode(&pcm, &mut packet)
            .expect("sound is encoded")
            .to_vec();
        Sound {
            payload,
            level: 127 - Loudness::of(&pcm).db() as u8,
        }
    };
    (0..500).map(&mut encode).collect()
}

/// The CPU time of a minute of `speakers`, per frame of 20 ms.
fn frame_cost(frames: &[Sound], speakers: u32, claims: bool, mix: bool) -> Duration {
    let start = Instant::now();
    let (mut room, mut out) = (Room::new(1, start), Nobody);
    (0..speakers).for_each(|who| room.admit(ParticipantKey(who), who, true, &mut out));
    room.want_mix(mix, start);
    for n in 0..FRAMES {
        let now = start + Duration::from_millis(20) * n;
        room.handle_timeout(now, &mut out);
        for who in 0..speakers {
            let sound = &frames[(n + who * 37) as usize % frames.len()];
            let (seq, rtp_ts, payload) = (n as u16, n * 960, sound.payload.as_slice());
            let claimed_level = claims.then_some(sound.level);
            let packet = AudioPacket {
                ssrc: who,
                seq,
                rtp_ts,
                marker: false,
                claimed_level,
                payload,
            };
            room.on_audio(now, ParticipantKey(who), &packet, &mut out);
        }
    }
    start.elapsed() / FRAMES
}

fn main() {
    let frames = frames();
    println!("room: CPU per 20 ms frame");
    for speakers in [1, 3, 8] {
        let claimed = frame_cost(&frames, speakers, true, false);
        let measured = frame_cost(&frames, speakers, false, false);
        let mixed = frame_cost(&frames, speakers, true, true).saturating_sub(claimed);
        println!(
            "{speakers} speakers: forward {claimed:?}, forward and meter all {measured:?}, mix and encode {mixed:?}"
        );
    }
}
