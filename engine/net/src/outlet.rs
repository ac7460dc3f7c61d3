//! Where a shard's output goes: the socket, Python, the disk.

use std::collections::HashSet;
use std::sync::Arc;

use palabre_core::ice::Path;
use palabre_core::link::Transmit;
use palabre_core::shard::{ParticipantId, RecordingId, RoomId, ShardEvent, ShardSink};

use crate::reports::Reports;
use crate::udp::SendBatch;
use crate::writer::{Job, Writer};
use crate::{EngineEvent, EventDoor};

/// Why a recording fails when its pages find no place in the queue.
pub(crate) const SLOW: &str = "The disk is too slow.";

/// Told on the shard's thread who is heard, as soon as it changes; it must not block.
pub type SpeakingHook = Arc<dyn Fn(&RoomId, Vec<ParticipantId>) + Send + Sync>;

pub(crate) struct Outlet {
    pub batch: SendBatch,
    pub reports: Reports,
    pub speaking: SpeakingHook,
    pub writer: Writer,
    /// Recordings the disk was too slow for.
    pub failed: HashSet<RecordingId>,
}

impl Outlet {
    pub fn recording_failed(&mut self, room: &RoomId, recording: &RecordingId, reason: &str) {
        if self.failed.insert(recording.clone()) {
            self.reports.add(EngineEvent::RecordingFailed {
                room: room.clone(),
                recording: recording.clone(),
                reason: reason.to_owned(),
            });
        }
    }

    /// Closes the file of a recording that has failed; what is in it stays.
    pub fn abandon(&mut self, recording: &RecordingId) {
        self.failed.remove(recording);
        let close = Job::Close {
            recording: recording.clone(),
            duration_ms: None,
        };
        if !self.writer.send(close) {
            tracing::warn!(%recording, "The file of a failed recording stays open until the server stops.");
        }
    }

    fn recording_stopped(&mut self, room: &RoomId, recording: RecordingId, duration_ms: u64) {
        let whole = !self.failed.remove(&recording);
        let close = Job::Close {
            recording: recording.clone(),
            duration_ms: whole.then_some(duration_ms),
        };
        if !self.writer.send(close) && whole {
            self.recording_failed(room, &recording, SLOW);
        }
    }
}

impl Transmit for Outlet {
    fn transmit(&mut self, path: Path, datagram: &[u8]) {
        self.batch.add(path, |buffer| {
            buffer.get_mut(..datagram.len())?.copy_from_slice(datagram);
            Some(datagram.len())
        });
    }
}

impl ShardSink for Outlet {
    fn datagram(&mut self, path: Path, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        self.batch.add(path, fill);
    }

    fn event(&mut self, event: ShardEvent) {
        let event = match event {
            ShardEvent::Connected {
                room,
                participant,
                door,
            } => EngineEvent::Connected {
                room,
                participant,
                door: EventDoor::Media(door),
            },
            ShardEvent::Disconnected {
                room,
                participant,
                door,
                reason,
            } => EngineEvent::Disconnected {
                room,
                participant,
                door: EventDoor::Media(door),
                reason,
            },
            ShardEvent::StartedSpeaking { room, participant } => {
                EngineEvent::StartedSpeaking { room, participant }
            }
            ShardEvent::Speaking { room, participants } => {
                return (self.speaking)(&room, participants);
            }
            ShardEvent::RecordingStopped {
                room,
                recording,
                duration_ms,
            } => {
                return self.recording_stopped(&room, recording, duration_ms);
            }
        };
        self.reports.add(event);
    }

    fn recording_page(&mut self, room: &RoomId, recording: &RecordingId, page: &[u8]) {
        let append = Job::Append {
            recording: recording.clone(),
            page: page.into(),
        };
        if !self.failed.contains(recording) && !self.writer.send(append) {
            self.recording_failed(room, recording, SLOW);
        }
    }
}
