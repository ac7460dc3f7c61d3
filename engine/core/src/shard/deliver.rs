//! From a room's audio to its listeners: one header is made for all, and the table of listeners does the rest.

use std::collections::HashMap;
use std::time::Instant;

use super::audience::Audience;
use super::room_state::{People, Rings, take_feed};
use super::{ParticipantId, RecordingId, RoomId, ShardEvent, ShardSink};
use crate::fanout::{Fanout, MAX_HEADER_LEN, MIX, Shared};
use crate::room::{
    GroupIndex, MixPacket, Moment, PackSize, ParticipantKey, RecordingKey, RoomSink, SlotIndex,
    SlotPacket,
};
use crate::rtp::{MAX_CSRCS, Outgoing};

/// The sink of one room's audio.
pub(super) struct Deliver<'a, S> {
    pub room: &'a RoomId,
    pub people: &'a People,
    pub audience: &'a mut Audience,
    pub rings: &'a mut Rings,
    pub recordings: &'a mut HashMap<RecordingKey, RecordingId>,
    pub now: Instant,
    /// What is forwarded now waited for too long to be sent.
    pub is_stale: bool,
    /// Packets that nobody was sent because of that.
    pub left_out: u64,
    /// Packets that somebody was sent a second time, unasked.
    pub repeated: u64,
    pub fanout: &'a mut Fanout,
    pub out: &'a mut S,
}

/// What is sent twice comes the second time with the packet so many after it (60 ms): when the network has recovered from
/// losing some in a row.
const TWICE_AFTER: u64 = 3;

impl<S> Deliver<'_, S> {
    fn names(&self, keys: &[ParticipantKey]) -> Vec<ParticipantId> {
        keys.iter()
            .filter_map(|key| self.people.id(*key).cloned())
            .collect()
    }
}

impl<S: ShardSink> Deliver<'_, S> {
    /// With packet `seq` of a slot comes an earlier one again for who loses packets and asks for none.
    fn send_twice(&mut self, slot: usize, seq: u64) {
        let listeners = self.audience.twice();
        if let Some(ring) = self.rings.slot(slot).filter(|_| !listeners.is_empty()) {
            let (line, seq) = ((slot, &*ring), seq.wrapping_sub(TWICE_AFTER));
            self.repeated += self
                .fanout
                .repeat_all(self.now, listeners, line, seq, self.out);
        }
    }
}

impl<S: ShardSink> RoomSink for Deliver<'_, S> {
    fn slot_packet(&mut self, slot: SlotIndex, packet: &SlotPacket<'_>) {
        // It has its number, so that who listens knows of the gap; it cannot be had again either.
        if self.is_stale {
            self.left_out += 1;
            return;
        }
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
        let mut shared = Shared {
            line: at,
            seq: packet.seq,
            header,
            payload: packet.payload,
        };
        let listeners = self.audience.slots();
        self.fanout.send(
            self.now,
            listeners,
            Some(packet.from),
            &mut shared,
            self.out,
        );
        self.send_twice(at, packet.seq);
    }

    fn mix_packet(&mut self, group: GroupIndex, packet: &MixPacket<'_>) {
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
        if let Some(ring) = self.rings.group(group.0) {
            ring.store(packet.seq, header, packet.payload);
        }
        let mut shared = Shared {
            line: MIX,
            seq: packet.seq,
            header,
            payload: packet.payload,
        };
        let listeners = self.audience.group(group.0);
        self.fanout
            .send(self.now, listeners, None, &mut shared, self.out);
    }

    fn mix_turn(&mut self, at: Instant, group: GroupIndex, moment: Moment) {
        let fanout = &mut *self.fanout;
        self.audience.on_turn(at, group, moment, |link, feed| {
            take_feed(fanout, link, feed)
        });
    }

    fn mix_resized(&mut self, size: PackSize) {
        let fanout = &mut *self.fanout;
        self.audience
            .on_resized(size, |link, feed| take_feed(fanout, link, feed));
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
