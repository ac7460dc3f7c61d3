//! Forwarding a packet takes no memory: the way of every packet to every listener begins here.

mod counting;

use std::time::{Duration, Instant};

use counting::allocations;
use palabre_core::opus::{Encoder, FRAME_SAMPLES};
use palabre_core::room::{
    AudioPacket, GroupIndex, MixPacket, Moment, PackSize, ParticipantKey, RecordingKey, Room,
    RoomSink, SlotIndex, SlotPacket,
};

#[derive(Default)]
struct Count {
    slot_packets: usize,
    mix_packets: usize,
}

impl RoomSink for Count {
    fn slot_packet(&mut self, _slot: SlotIndex, _packet: &SlotPacket<'_>) {
        self.slot_packets += 1;
    }
    fn mix_packet(&mut self, _group: GroupIndex, _packet: &MixPacket<'_>) {
        self.mix_packets += 1;
    }
    fn mix_turn(&mut self, _at: Instant, _group: GroupIndex, _moment: Moment) {}
    fn mix_resized(&mut self, _size: PackSize) {}
    fn speaking(&mut self, _now_speaking: &[ParticipantKey]) {}
    fn started_speaking(&mut self, _who: ParticipantKey) {}
    fn recording_page(&mut self, _recording: RecordingKey, _page: &[u8]) {}
    fn recording_stopped(&mut self, _recording: RecordingKey, _duration_ms: u64) {}
}

fn frame_of_a_tone() -> Vec<u8> {
    let pcm: [f32; FRAME_SAMPLES] = std::array::from_fn(|n| 0.5 * (n as f32 * 0.1).sin());
    let mut packet = [0; 1_275];
    Encoder::new(32_000, 0)
        .encode(&pcm, &mut packet)
        .expect("a tone is encoded")
        .to_vec()
}

/// Allocations during the second half of 2,000 frames of so many speakers, and what came out.
fn second_half(speakers: u32, claimed_level: Option<u8>, mix: Option<PackSize>) -> (usize, Count) {
    #[expect(
        clippy::disallowed_methods,
        reason = "an Instant can be had from the clock only"
    )]
    let start = Instant::now();
    let (mut room, mut out, payload) = (Room::new(1, start), Count::default(), frame_of_a_tone());
    (1..=speakers).for_each(|who| room.admit(ParticipantKey(who), who, true, &mut out));
    if let Some(size) = mix {
        room.set_pack_size(size, start, &mut out);
        room.want_mix(true, start);
    }
    let mut before = 0;
    for n in 0..2_000u16 {
        let now = start + Duration::from_millis(20) * u32::from(n);
        if n == 1_000 {
            before = allocations();
        }
        room.handle_timeout(now, &mut out);
        for who in 1..=speakers {
            let (seq, rtp_ts, payload) = (n, u32::from(n) * 960, payload.as_slice());
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
    (allocations() - before, out)
}

#[test]
fn a_forwarded_packet_allocates_nothing() {
    for claimed_level in [Some(20), None] {
        let (allocations, out) = second_half(3, claimed_level, None);
        assert_eq!((allocations, out.slot_packets), (0, 6_000));
    }
}

#[test]
fn a_mixed_frame_allocates_nothing_either() {
    let (allocations, out) = second_half(3, Some(20), Some(PackSize::One));
    assert_eq!(allocations, 0);
    assert!(out.mix_packets > 1_990);
}

#[test]
fn nor_does_a_pack() {
    let (allocations, out) = second_half(3, Some(20), Some(PackSize::Five));
    assert_eq!(allocations, 0);
    // Each tick one of the five groups has its turn.
    assert!(out.mix_packets > 1_990);
}

#[test]
fn nor_does_one_voice_that_goes_straight_into_the_packs() {
    let (allocations, out) = second_half(1, Some(20), Some(PackSize::Six));
    assert_eq!(allocations, 0);
    assert!(out.mix_packets > 1_990);
}
