//! One room: who is in it, who listens, what can be sent again.

use std::collections::HashMap;
use std::time::Instant;

use super::budget::Budget;
use super::deliver::Deliver;
use super::timers::{Alarm, Due, Timers};
use super::{Door, LinkKey, ParticipantId, RecordingId, RoomId, RoomKey, ShardEvent, ShardSink};
use crate::fanout::{Fanout, MIX};
use crate::link::RetransmitRing;
use crate::room::{ParticipantKey, RecordingKey, Room, SLOTS, SlotIndex};

/// A room of the shard.
pub(super) struct RoomState {
    id: RoomId,
    cname: String,
    audio: Room,
    people: People,
    /// Connected sessions that hear the slots, and those that hear the mix.
    slot_listeners: Vec<LinkKey>,
    mix_listeners: Vec<LinkKey>,
    rings: Rings,
    budget: Budget,
    recordings: HashMap<RecordingKey, RecordingId>,
    next_recording: u32,
    pub links: usize,
    alarm: Alarm,
}

/// The participants, by both their names.
#[derive(Default)]
pub(super) struct People {
    keys: HashMap<ParticipantId, ParticipantKey>,
    members: HashMap<ParticipantKey, Member>,
    next: u32,
}

/// One participant.
pub(super) struct Member {
    pub id: ParticipantId,
    pub may_speak: bool,
    pub whip: DoorState,
    pub whep: DoorState,
}

/// A participant's session at one door.
#[derive(Default)]
pub(super) struct DoorState {
    pub link: Option<LinkKey>,
    /// Python believes that it is connected.
    pub announced: bool,
}

impl Member {
    pub fn door(&mut self, door: Door) -> &mut DoorState {
        match door {
            Door::Whip => &mut self.whip,
            Door::Whep => &mut self.whep,
        }
    }
}

impl People {
    pub fn key(&self, id: &ParticipantId) -> Option<ParticipantKey> {
        self.keys.get(id).copied()
    }

    pub fn member(&mut self, key: ParticipantKey) -> Option<&mut Member> {
        self.members.get_mut(&key)
    }

    pub fn id(&self, key: ParticipantKey) -> Option<&ParticipantId> {
        self.members.get(&key).map(|member| &member.id)
    }

    /// The participant's key, a new one for a newcomer.
    fn enter(&mut self, id: ParticipantId, may_speak: bool) -> ParticipantKey {
        if let Some(key) = self.key(&id) {
            if let Some(member) = self.members.get_mut(&key) {
                member.may_speak = may_speak;
            }
            return key;
        }
        let key = ParticipantKey(self.next);
        self.next += 1;
        let member = Member {
            id: id.clone(),
            may_speak,
            whip: DoorState::default(),
            whep: DoorState::default(),
        };
        self.keys.insert(id, key);
        self.members.insert(key, member);
        key
    }

    fn leave(&mut self, id: &ParticipantId) -> Option<(ParticipantKey, Member)> {
        let key = self.keys.remove(id)?;
        Some((key, self.members.remove(&key)?))
    }
}

/// The last packets of each of the room's streams, to answer NACKs from.
pub(super) struct Rings {
    slots: [(u32, RetransmitRing); SLOTS],
    mix: (u32, RetransmitRing),
}

impl Rings {
    /// The ring of an SSRC, and which line that is.
    pub fn find(&self, ssrc: u32) -> Option<(usize, &RetransmitRing)> {
        if self.mix.0 == ssrc {
            return Some((MIX, &self.mix.1));
        }
        let at = self.slots.iter().position(|(slot, _)| *slot == ssrc)?;
        Some((at, &self.slots.get(at)?.1))
    }

    pub fn slot(&mut self, at: usize) -> Option<&mut RetransmitRing> {
        self.slots.get_mut(at).map(|(_, ring)| ring)
    }

    pub fn mix(&mut self) -> &mut RetransmitRing {
        &mut self.mix.1
    }
}

impl RoomState {
    pub fn new(id: RoomId, seed: u64, cname: String, now: Instant) -> Self {
        let audio = Room::new(seed, now);
        let rings = Rings {
            slots: audio
                .slot_ssrcs()
                .map(|ssrc| (ssrc, RetransmitRing::default())),
            mix: (audio.mix_ssrc(), RetransmitRing::default()),
        };
        Self {
            id,
            cname,
            audio,
            people: People::default(),
            slot_listeners: Vec::new(),
            mix_listeners: Vec::new(),
            rings,
            budget: Budget::of_room(),
            recordings: HashMap::new(),
            next_recording: 0,
            links: 0,
            alarm: Alarm::default(),
        }
    }

    pub fn cname(&self) -> &str {
        &self.cname
    }

    /// Whether a listener's datagram of RTCP may be opened.
    pub fn affords_report(&mut self, now: Instant, listener: &mut Budget, datagram: &[u8]) -> bool {
        self.budget
            .affords_report(listener, now, self.links, datagram)
    }

    /// What can be sent again, and whether one packet more of it may be.
    pub fn repeats<'a>(
        &'a mut self,
        now: Instant,
        listener: &'a mut Budget,
    ) -> (&'a Rings, impl FnMut() -> bool + 'a) {
        let (budget, sessions) = (&mut self.budget, self.links);
        let affords = move || budget.affords_repeat(listener, now, sessions);
        (&self.rings, affords)
    }

    pub fn people(&mut self) -> &mut People {
        &mut self.people
    }

    /// The SSRC of a line.
    pub fn ssrc(&self, line: usize) -> u32 {
        let slots = self.audio.slot_ssrcs();
        slots
            .get(line)
            .copied()
            .unwrap_or_else(|| self.audio.mix_ssrc())
    }

    /// The RTP time of `now` on a line.
    pub fn rtp_time(&self, line: usize, now: Instant) -> u32 {
        let slot = u8::try_from(line)
            .ok()
            .and_then(|at| self.audio.slot_rtp_time(SlotIndex(at), now));
        slot.unwrap_or_else(|| self.audio.mix_rtp_time(now))
    }

    /// The audio, and a sink for what comes out of it.
    pub fn split<'a, S: ShardSink>(
        &'a mut self,
        now: Instant,
        fanout: &'a mut Fanout,
        out: &'a mut S,
    ) -> (&'a mut Room, Deliver<'a, S>) {
        let deliver = Deliver {
            now,
            room: &self.id,
            people: &self.people,
            slot_listeners: &self.slot_listeners,
            mix_listeners: &self.mix_listeners,
            rings: &mut self.rings,
            recordings: &mut self.recordings,
            fanout,
            out,
        };
        (&mut self.audio, deliver)
    }

    /// Inserts or updates; the audio has to be told as well.
    pub fn enter(&mut self, id: ParticipantId, may_speak: bool) -> ParticipantKey {
        self.people.enter(id, may_speak)
    }

    pub fn leave(&mut self, id: &ParticipantId) -> Option<(ParticipantKey, Member)> {
        self.people.leave(id)
    }

    /// A session of `who` has shaken hands.
    pub fn on_connected(
        &mut self,
        now: Instant,
        link: LinkKey,
        who: ParticipantKey,
        door: Door,
        mix: bool,
        out: &mut impl ShardSink,
    ) {
        match (door, mix) {
            (Door::Whip, _) => {}
            (Door::Whep, false) => self.slot_listeners.push(link),
            (Door::Whep, true) => {
                self.mix_listeners.push(link);
                self.audio.want_mix(true, now);
            }
        }
        let Some(member) = self.people.member(who) else {
            return;
        };
        let id = member.id.clone();
        // A session that replaced another one is no news.
        if !std::mem::replace(&mut member.door(door).announced, true) {
            out.event(ShardEvent::Connected {
                room: self.id.clone(),
                participant: id,
                door,
            });
        }
    }

    /// A session is over. Python hears of it unless another one of the same door has taken its place.
    pub fn on_gone(
        &mut self,
        now: Instant,
        link: LinkKey,
        who: ParticipantKey,
        door: Door,
        reason: &'static str,
        out: &mut impl ShardSink,
    ) {
        self.links = self.links.saturating_sub(1);
        self.slot_listeners.retain(|key| *key != link);
        self.mix_listeners.retain(|key| *key != link);
        self.audio.want_mix(!self.mix_listeners.is_empty(), now);
        let Some(member) = self.people.member(who) else {
            return;
        };
        let participant = member.id.clone();
        let state = member.door(door);
        if state.link != Some(link) {
            return;
        }
        if std::mem::take(state).announced {
            out.event(ShardEvent::Disconnected {
                room: self.id.clone(),
                participant,
                door,
                reason,
            });
        }
    }

    pub fn name_recording(&mut self, id: RecordingId) -> RecordingKey {
        let key = RecordingKey(self.next_recording);
        self.next_recording += 1;
        self.recordings.insert(key, id);
        key
    }

    pub fn is_recording(&self, id: &RecordingId) -> bool {
        self.recordings.values().any(|known| known == id)
    }

    /// The room has been woken.
    pub fn rang(&mut self, now: Instant) {
        self.alarm.rang(now);
    }

    pub fn schedule(&mut self, key: RoomKey, timers: &mut Timers) {
        self.alarm
            .set(self.audio.next_timeout(), Due::Room(key), timers);
    }
}
