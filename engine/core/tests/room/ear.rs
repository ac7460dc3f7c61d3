//! What comes out of a room, and how much it is like what went in.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use palabre_core::opus::Decoder;
use palabre_core::room::{
    GroupIndex, MixPacket, Moment, PackSize, ParticipantKey, RecordingKey, RoomSink, SlotIndex,
    SlotPacket,
};

#[derive(Debug, Clone)]
pub struct Heard {
    /// Since the start.
    pub at: Duration,
    pub ssrc: u32,
    pub seq: u64,
    pub rtp_ts: u32,
    pub marker: bool,
    pub csrcs: Vec<u32>,
    pub from: Option<ParticipantKey>,
    /// Of the mix; 0 for slots.
    pub group: u8,
    pub payload: Vec<u8>,
}

/// A sink that remembers everything.
#[derive(Debug, Default)]
pub struct Ear {
    pub now: Duration,
    pub slots: HashMap<SlotIndex, Vec<Heard>>,
    pub mix: Vec<Heard>,
    pub moments: Vec<(Duration, Moment)>,
    /// When packs changed their size, and how many packets had come before.
    pub resized: Vec<(Duration, usize, PackSize)>,
    pub speaking: Vec<(Duration, Vec<ParticipantKey>)>,
    pub started: Vec<ParticipantKey>,
    pub pages: Vec<u8>,
    pub stopped: Vec<(RecordingKey, u64)>,
}

impl Ear {
    /// All packets of one group of the mix.
    pub fn group(&self, group: u8) -> Vec<Heard> {
        let of_group = self.mix.iter().filter(|heard| heard.group == group);
        of_group.cloned().collect()
    }

    /// All packets of one speaker, whatever the slot.
    pub fn forwarded(&self, who: u32) -> impl Iterator<Item = &Heard> {
        self.slots
            .values()
            .flatten()
            .filter(move |heard| heard.from == Some(ParticipantKey(who)))
    }
}

impl RoomSink for Ear {
    fn slot_packet(&mut self, slot: SlotIndex, packet: &SlotPacket<'_>) {
        self.slots.entry(slot).or_default().push(Heard {
            at: self.now,
            ssrc: packet.ssrc,
            seq: packet.seq,
            rtp_ts: packet.rtp_ts,
            marker: packet.marker,
            csrcs: vec![packet.csrc],
            from: Some(packet.from),
            group: 0,
            payload: packet.payload.to_vec(),
        });
    }

    fn mix_packet(&mut self, group: GroupIndex, packet: &MixPacket<'_>) {
        self.mix.push(Heard {
            at: self.now,
            ssrc: packet.ssrc,
            seq: packet.seq,
            rtp_ts: packet.rtp_ts,
            marker: packet.marker,
            csrcs: packet.csrcs.to_vec(),
            from: None,
            group: group.0,
            payload: packet.payload.to_vec(),
        });
    }

    fn mix_turn(&mut self, _at: Instant, _group: GroupIndex, moment: Moment) {
        self.moments.push((self.now, moment));
    }

    fn mix_resized(&mut self, size: PackSize) {
        self.resized.push((self.now, self.mix.len(), size));
    }

    fn speaking(&mut self, now_speaking: &[ParticipantKey]) {
        self.speaking.push((self.now, now_speaking.to_vec()));
    }

    fn started_speaking(&mut self, who: ParticipantKey) {
        self.started.push(who);
    }

    fn recording_page(&mut self, _recording: RecordingKey, page: &[u8]) {
        self.pages.extend_from_slice(page);
    }

    fn recording_stopped(&mut self, recording: RecordingKey, duration_ms: u64) {
        self.stopped.push((recording, duration_ms));
    }
}

/// Decodes packets onto a time line that starts at `start` (an RTP time), pauses as silence.
pub fn decode(packets: &[Heard], start: u32) -> Vec<f32> {
    let (mut decoder, mut pcm) = (Decoder::new(), Vec::new());
    for packet in packets {
        pcm.resize(
            (packet.rtp_ts.wrapping_sub(start) as usize).max(pcm.len()),
            0.0,
        );
        pcm.extend_from_slice(decoder.decode(&packet.payload).expect("the mix is Opus"));
    }
    pcm
}

pub fn energy(pcm: &[f32]) -> f32 {
    pcm.iter().map(|sample| sample * sample).sum()
}
