//! One room: who is in it, who listens, what can be sent again.

mod people;
mod rings;

use std::collections::HashMap;
use std::time::Instant;

pub(super) use people::{Member, People};
pub(super) use rings::Rings;

use super::audience::{Audience, Feed, Hears};
use super::budget::Budget;
use super::deliver::Deliver;
use super::shelter::Shelter;
use super::timers::{Alarm, Due, Timers};
use super::types::FloorRules;
use super::{Door, LinkKey, ParticipantId, RecordingId, RoomId, RoomKey, ShardEvent, ShardSink};
use crate::fanout::{Fanout, LINES, MIX};
use crate::room::{ParticipantKey, RecordingKey, Room, SlotIndex};

/// A room of the shard.
pub(super) struct RoomState {
    id: RoomId,
    cname: String,
    audio: Room,
    people: People,
    /// The connected sessions that listen.
    audience: Audience,
    rings: Rings,
    budget: Budget,
    recordings: HashMap<RecordingKey, RecordingId>,
    next_recording: u32,
    pub links: usize,
    alarm: Alarm,
}

impl RoomState {
    pub fn new(id: RoomId, seed: u64, cname: String, floor: FloorRules, now: Instant) -> Self {
        let audio = Room::new(seed, now);
        let rings = Rings::new(&audio);
        Self {
            id,
            cname,
            audio,
            people: People::default(),
            audience: Audience::new(floor),
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

    /// It was opened, and was authentic or not.
    pub fn charge_report(&mut self, now: Instant, listener: &mut Budget, authentic: bool) {
        self.budget
            .charge_report(listener, now, self.links, authentic);
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
            room: &self.id,
            people: &self.people,
            audience: &mut self.audience,
            rings: &mut self.rings,
            recordings: &mut self.recordings,
            now,
            is_stale: false,
            left_out: 0,
            repeated: 0,
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

    /// The group of the mix in which a listener is, or was last.
    pub fn group_of(&self, link: LinkKey) -> u8 {
        self.audience.group_of(link)
    }

    /// Listeners of the slots, and of the mix.
    pub fn listeners(&self) -> (usize, usize) {
        self.audience.counts()
    }

    /// A session that listens has shaken hands: it hears from now on what it should.
    pub fn feed(&mut self, now: Instant, link: LinkKey, who: ParticipantKey, hears: Hears) {
        let member = self.people.member(who);
        let may_speak = member.is_some_and(|member| member.may_speak);
        self.audience.enter(now, link, hears, may_speak);
    }

    /// `who` got or lost the right to speak: what it should hear may be something else now.
    pub fn on_right(
        &mut self,
        now: Instant,
        who: ParticipantKey,
        may_speak: bool,
        fanout: &mut Fanout,
    ) {
        let Some(member) = self.people.member(who) else {
            return;
        };
        let (ear, microphone) = (member.whep.link, member.whip.link);
        if let Some(ear) = ear {
            self.audience.set_may_speak(now, ear, may_speak);
        }
        // Whose microphone is open already may be heard with the next packet.
        if may_speak && microphone.is_some() {
            self.unmix(who, fanout);
        }
    }

    /// A listener loses too much; others of the shard take `all` places. True when `kind` is done for it.
    pub fn shelter(&mut self, now: Instant, link: LinkKey, kind: Shelter, all: usize) -> bool {
        self.audience.shelter(now, link, kind, all)
    }

    /// Listeners for whom something is done because they lose too much.
    pub fn sheltered(&self) -> usize {
        self.audience.sheltered()
    }

    /// It does not any more.
    pub fn unshelter(&mut self, now: Instant, link: LinkKey) {
        self.audience.unshelter(now, link);
    }

    /// The line of an SSRC.
    pub fn line(&self, ssrc: u32) -> Option<usize> {
        self.rings.find(ssrc, 0).map(|(line, _)| line)
    }

    /// `who` is about to speak.
    pub fn hurry(&mut self, now: Instant, who: ParticipantKey) {
        if let Some(ear) = self.people.member(who).and_then(|member| member.whep.link) {
            self.audience.hurry(now, ear);
        }
    }

    /// `who` can speak: nobody hears itself in the mix.
    pub fn unmix(&mut self, who: ParticipantKey, fanout: &mut Fanout) {
        if let Some(ear) = self.people.member(who).and_then(|member| member.whep.link) {
            self.audience
                .move_at_once(ear, |link, feed| take_feed(fanout, link, feed));
        }
    }

    /// A session of `who` has shaken hands.
    pub fn on_connected(&mut self, who: ParticipantKey, door: Door, out: &mut impl ShardSink) {
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
        self.audience.leave(now, link);
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

/// A listener gets something else from now on: on its lines the numbers go on without a gap.
pub(super) fn take_feed(fanout: &mut Fanout, link: LinkKey, feed: Feed) {
    let lines = match feed {
        Feed::Slots => 0..MIX,
        Feed::Group(_) => MIX..LINES,
    };
    lines.for_each(|line| fanout.leave_line(link, line));
}
