//! A room whose speakers send anything, while rights, mix and recording come and go.
#![no_main]

use std::collections::HashSet;
use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use palabre_core::room::{
    AudioPacket, GroupIndex, MixPacket, Moment, PackSize, ParticipantKey, RecordingKey, Room,
    RoomSink, SlotIndex, SlotPacket,
};

#[derive(Debug, Arbitrary)]
enum Step {
    Packet(Packet),
    Milliseconds(u8),
    MaySpeak { who: u8, may_speak: bool },
    WantMix(bool),
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

/// Checks what comes out against who may speak.
#[derive(Default)]
struct Judge {
    may_speak: HashSet<ParticipantKey>,
    /// SSRC, group of the mix, number.
    sent: HashSet<(u32, u8, u64)>,
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
        assert!(
            packet
                .csrcs
                .iter()
                .all(|csrc| self.may_speak.contains(&ParticipantKey(*csrc)))
        );
        assert!(
            self.sent.insert((packet.ssrc, group.0, packet.seq)),
            "a number was used twice"
        );
    }
    fn mix_turn(&mut self, _at: Instant, _group: GroupIndex, _moment: Moment) {}
    fn mix_resized(&mut self, _size: PackSize) {}
    fn speaking(&mut self, _now_speaking: &[ParticipantKey]) {}
    fn started_speaking(&mut self, who: ParticipantKey) {
        assert!(self.may_speak.contains(&who));
    }
    fn recording_page(&mut self, _recording: RecordingKey, _page: &[u8]) {}
    fn recording_stopped(&mut self, _recording: RecordingKey, _duration_ms: u64) {}
}

fn send(room: &mut Room, now: Instant, packet: &Packet, judge: &mut Judge) {
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
    let (mut room, mut judge) = (Room::new(1, now), Judge::default());
    for step in steps {
        match step {
            Step::Packet(packet) => send(&mut room, now, &packet, &mut judge),
            Step::Milliseconds(span) => {
                now += Duration::from_millis(span.into());
                room.handle_timeout(now, &mut judge);
            }
            Step::MaySpeak { who, may_speak } => {
                let who = ParticipantKey(u32::from(who % 5));
                if may_speak {
                    judge.may_speak.insert(who);
                } else {
                    judge.may_speak.remove(&who);
                }
                room.admit(who, who.0, may_speak, &mut judge);
            }
            Step::WantMix(wanted) => room.want_mix(wanted, now),
            Step::Record(true) => room.start_recording(RecordingKey(1), "fuzz", now, &mut judge),
            Step::Record(false) => room.stop_recording(now, &mut judge),
        }
    }
});
