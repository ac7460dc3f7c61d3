//! From a room's audio to its listeners: one header is made for all, and the table of listeners does the rest.

use std::collections::HashMap;
use std::time::Instant;

use super::room_state::{People, Rings};
use super::{LinkKey, ParticipantId, RecordingId, RoomId, ShardEvent, ShardSink};
use crate::fanout::{Fanout, MAX_HEADER_LEN, MIX, Shared};
use crate::room::{MixPacket, ParticipantKey, RecordingKey, RoomSink, SlotIndex, SlotPacket};
use crate::rtp::{MAX_CSRCS, Outgoing};

/// The sink of one room's audio.
pub(super) struct Deliver<'a, S> {
    pub now: Instant,
    pub room: &'a RoomId,
    pub people: &'a People,
    pub slot_listeners: &'a [LinkKey],
    pub mix_listeners: &'a [LinkKey],
    pub rings: &'a mut Rings,
    pub recordings: &'a mut HashMap<RecordingKey, RecordingId>,
    pub fanout: &'a mut Fanout,
    pub out: &'a mut S,
}

impl<S: ShardSink> Deliver<'_, S> {
    /// To each of `listeners` but those who are `from`.
    fn fan_out(
        &mut self,
        listeners: &[LinkKey],
        from: Option<ParticipantKey>,
        mut packet: Shared<'_>,
    ) {
        self.fanout
            .send(self.now, listeners, from, &mut packet, self.out);
    }

    fn names(&self, keys: &[ParticipantKey]) -> Vec<ParticipantId> {
        keys.iter()
            .filter_map(|key| self.people.id(*key).cloned())
            .collect()
    }
}

impl<S: ShardSink> RoomSink for Deliver<'_, S> {
    fn slot_packet(&mut self, slot: SlotIndex, packet: &SlotPacket<'_>) {
        let at = usize::from(slot.0);
        let facts = Outgoing {
            marker: packet.marker,
            payload_type: 0,
            sequence: packet.seq as u16,
            timestamp: packet.rtp_ts,
            ssrc: packet.ssrc,
            csrcs: &[packet.csrc],
        };
        let mut header = [0; MAX_HEADER_LEN];
        let Some(header) = facts
            .write(&mut header)
            .and_then(|len| header.get_mut(..len))
        else {
            return;
        };
        if let Some(ring) = self.rings.slot(at) {
            ring.store(packet.seq, header, packet.payload);
        }
        let shared = Shared {
            line: at,
            seq: packet.seq,
            header,
            payload: packet.payload,
        };
        self.fan_out(self.slot_listeners, Some(packet.from), shared);
    }

    fn mix_packet(&mut self, packet: &MixPacket<'_>) {
        let facts = Outgoing {
            marker: packet.marker,
            payload_type: 0,
            sequence: packet.seq as u16,
            timestamp: packet.rtp_ts,
            ssrc: packet.ssrc,
            csrcs: packet.csrcs.get(..MAX_CSRCS).unwrap_or(packet.csrcs),
        };
        let mut header = [0; MAX_HEADER_LEN];
        let Some(header) = facts
            .write(&mut header)
            .and_then(|len| header.get_mut(..len))
        else {
            return;
        };
        self.rings.mix().store(packet.seq, header, packet.payload);
        let shared = Shared {
            line: MIX,
            seq: packet.seq,
            header,
            payload: packet.payload,
        };
        self.fan_out(self.mix_listeners, None, shared);
    }

    fn speaking(&mut self, now_speaking: &[ParticipantKey]) {
        self.out.event(ShardEvent::Speaking {
            room: self.room.clone(),
            participants: self.names(now_speaking),
        });
    }

    fn started_speaking(&mut self, who: ParticipantKey) {
        if let Some(participant) = self.people.id(who).cloned() {
            self.out.event(ShardEvent::StartedSpeaking {
                room: self.room.clone(),
                participant,
            });
        }
    }

    fn recording_page(&mut self, recording: RecordingKey, page: &[u8]) {
        if let Some(id) = self.recordings.get(&recording) {
            self.out.recording_page(self.room, id, page);
        }
    }

    fn recording_stopped(&mut self, recording: RecordingKey, duration_ms: u64) {
        if let Some(id) = self.recordings.remove(&recording) {
            self.out.event(ShardEvent::RecordingStopped {
                room: self.room.clone(),
                recording: id,
                duration_ms,
            });
        }
    }
}
