//! What a shard's thread is asked to do.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Instant;

use palabre_core::shard::{self, RecordingId, Refusal, RoomId};

use super::Worker;
use crate::command::Command;
use crate::outlet::SLOW;
use crate::udp::Arrival;
use crate::writer::Job;

/// Commands carried out before the socket gets its turn.
const COMMANDS_IN_A_ROW: usize = 256;

impl Worker {
    /// False when it is time to stop.
    pub(super) fn carry_out(&mut self) -> bool {
        let now = Instant::now();
        self.outlet.batch.begin_turn(now);
        for _ in 0..COMMANDS_IN_A_ROW {
            match self.commands.try_recv() {
                Ok(Command::Stop) => return false,
                Ok(command) => self.command(now, command),
                Err(_empty) => return true,
            }
        }
        // There is more: do not go to sleep before it.
        self.wake.signal();
        true
    }

    fn command(&mut self, now: Instant, command: Command) {
        let (shard, out) = (&mut self.shard, &mut self.outlet);
        match command {
            Command::OpenRoom { room } => {
                if let Err(refusal) = shard.open_room(now, room) {
                    tracing::warn!(%refusal, "A room could not be opened.");
                }
            }
            Command::CloseRoom { room } => shard.close_room(now, &room, out),
            Command::Admit {
                room,
                participant,
                csrc,
                may_speak,
            } => {
                shard.admit(now, &room, participant, csrc, may_speak, out);
            }
            Command::Remove { room, participant } => shard.remove(now, &room, &participant, out),
            // Who speaks to those who are in is let in.
            Command::Connect {
                door: shard::Door::Whep,
                reply,
                ..
            } if self.overload.late(now).is_some() => {
                self.counters.refused_late.fetch_add(1, Ordering::Relaxed);
                let late = self.overload.late(now).unwrap_or_default();
                reply(Err(Refusal::Late {
                    ms: late.as_millis() as usize,
                }));
            }
            Command::Connect {
                room,
                participant,
                door,
                offered,
                reply,
            } => {
                reply(shard.connect(now, &room, &participant, door, *offered, out));
            }
            Command::Find { session, reply } => reply(shard.find(&session)),
            Command::RestartIce {
                session,
                ufrag,
                remote,
                reply,
            } => {
                reply(shard.restart_ice(&session, ufrag.as_deref(), remote));
            }
            Command::Disconnect { session, reply } => reply(shard.disconnect(now, &session, out)),
            Command::StartRecording {
                room,
                recording,
                title,
                path,
            } => self.start_recording(now, room, recording, &title, path),
            Command::StopRecording { room, recording } => {
                shard.stop_recording(now, &room, &recording, out)
            }
            Command::Datagram {
                arrival: Arrival { path, at },
                mut bytes,
                came_to,
            } => {
                shard.held_up(Instant::now().saturating_duration_since(at));
                shard.handle_datagram(at, path, &mut bytes, out);
                self.claim(path.remote, came_to, &bytes);
                self.give_back(bytes);
            }
            Command::Elsewhere {
                remote,
                owner,
                standing,
            } => self.routes.learn(remote, owner, standing),
            Command::Stop => {}
        }
    }

    fn start_recording(
        &mut self,
        now: Instant,
        room: RoomId,
        recording: RecordingId,
        title: &str,
        path: PathBuf,
    ) {
        let open = Job::Open {
            room: room.clone(),
            recording: recording.clone(),
            path,
        };
        // The file first: the recording's head is its first page.
        if !self.outlet.writer.send(open) {
            return self.outlet.recording_failed(&room, &recording, SLOW);
        }
        let started =
            self.shard
                .start_recording(now, &room, recording.clone(), title, &mut self.outlet);
        if let Err(refusal) = started {
            self.outlet
                .recording_failed(&room, &recording, &refusal.to_string());
            self.outlet.abandon(&recording);
        }
    }
}
