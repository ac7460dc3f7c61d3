//! What Python wants: rooms, participants, recordings.

use std::time::Instant;

use super::room_state::RoomState;
use super::{
    Bound, LinkKey, ParticipantId, RecordingId, Refusal, RoomId, RoomKey, Shard, ShardSink,
};

impl Shard {
    /// Makes a room; one that is open already stays as it is.
    ///
    /// # Errors
    /// When the shard holds as many rooms as it may.
    pub fn open_room(&mut self, now: Instant, room: RoomId) -> Result<(), Refusal> {
        if self.rooms_by_id.contains_key(&room) {
            return Ok(());
        }
        let limit = self.limits.rooms;
        if self.rooms.len() >= limit {
            return Err(Refusal::Full {
                what: Bound::Rooms,
                limit,
            });
        }
        let seed = u64::from_be_bytes(self.random());
        let cname = format!("{:016x}", u64::from_be_bytes(self.random()));
        let key = self.rooms.insert(RoomState::new(
            room.clone(),
            seed,
            cname,
            self.limits.floor,
            now,
        ));
        self.rooms_by_id.insert(room, key);
        Ok(())
    }

    /// Ends a room: its recording is finished, its links are closed. Nothing is reported that Python knows from this.
    pub fn close_room(&mut self, now: Instant, room: &RoomId, out: &mut impl ShardSink) {
        let Some(key) = self.rooms_by_id.remove(room) else {
            return;
        };
        self.with_room(now, key, out, |audio, deliver| {
            audio.end_recording(now, deliver)
        });
        let of_room = |(link, peer): (LinkKey, &super::Peer)| (peer.room == key).then_some(link);
        let links: Vec<LinkKey> = self.links.iter().filter_map(of_room).collect();
        // The room goes first, so that the ends of its links are no events.
        self.rooms.remove(key);
        for link in links {
            self.forget_link(now, link, "ended", out);
        }
    }

    /// Ends every room: the server stops.
    pub fn close_all(&mut self, now: Instant, out: &mut impl ShardSink) {
        let rooms: Vec<RoomId> = self.rooms_by_id.keys().cloned().collect();
        for room in rooms {
            self.close_room(now, &room, out);
        }
    }

    /// Lets a participant in, or changes what it may do: acts on the next packet.
    pub fn admit(
        &mut self,
        now: Instant,
        room: &RoomId,
        participant: ParticipantId,
        csrc: u32,
        may_speak: bool,
        out: &mut impl ShardSink,
    ) {
        let Some(key) = self.room_key(room) else {
            return;
        };
        let Some(state) = self.rooms.get_mut(key) else {
            return;
        };
        let who = state.enter(participant, may_speak);
        state.on_right(now, who, may_speak, &mut self.fanout);
        self.settle_room(now, key, out);
        self.with_room(now, key, out, |audio, deliver| {
            audio.admit(who, csrc, may_speak, deliver)
        });
        self.schedule_room(key);
    }

    /// Ends a participant's sound, both ways. Its links are closed without an event.
    pub fn remove(
        &mut self,
        now: Instant,
        room: &RoomId,
        participant: &ParticipantId,
        out: &mut impl ShardSink,
    ) {
        let Some(key) = self.room_key(room) else {
            return;
        };
        let Some(who) = self
            .rooms
            .get_mut(key)
            .and_then(|state| state.people().key(participant))
        else {
            return;
        };
        self.with_room(now, key, out, |audio, deliver| audio.remove(who, deliver));
        let left = self
            .rooms
            .get_mut(key)
            .and_then(|state| state.leave(participant));
        if let Some((_, member)) = left {
            for link in [member.whip.link, member.whep.link].into_iter().flatten() {
                self.forget_link(now, link, "removed", out);
            }
        }
        self.schedule_room(key);
    }

    /// Starts to record a room, `title` in the file's tags; pages come out of [`ShardSink::recording_page`]. One that is running is stopped first.
    ///
    /// # Errors
    /// When there is no such room.
    pub fn start_recording(
        &mut self,
        now: Instant,
        room: &RoomId,
        recording: RecordingId,
        title: &str,
        out: &mut impl ShardSink,
    ) -> Result<(), Refusal> {
        let key = self.room_key(room).ok_or(Refusal::NotInRoom)?;
        let state = self.rooms.get_mut(key).ok_or(Refusal::NotInRoom)?;
        if state.is_recording(&recording) {
            return Ok(());
        }
        let number = state.name_recording(recording);
        self.with_room(now, key, out, |audio, deliver| {
            audio.start_recording(number, title, now, deliver)
        });
        self.schedule_room(key);
        Ok(())
    }

    /// Finishes a recording, once all that has come by now is in it; the event says how long it became.
    pub fn stop_recording(
        &mut self,
        now: Instant,
        room: &RoomId,
        recording: &RecordingId,
        out: &mut impl ShardSink,
    ) {
        let Some(key) = self.room_key(room) else {
            return;
        };
        if self
            .rooms
            .get(key)
            .is_some_and(|state| state.is_recording(recording))
        {
            self.with_room(now, key, out, |audio, deliver| {
                audio.stop_recording(now, deliver)
            });
            self.schedule_room(key);
        }
    }

    pub(super) fn room_key(&self, room: &RoomId) -> Option<RoomKey> {
        self.rooms_by_id.get(room).copied()
    }

    pub(super) fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.entropy)(&mut bytes);
        bytes
    }
}
