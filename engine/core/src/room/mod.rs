//! A room's audio: who is loud enough is forwarded in slots, everybody loud is in the mix, the mix is recorded.
//!
//! Sans-I/O: packets and instants in, packets and facts out through [`RoomSink`].

mod direct;
mod history;
mod mix_line;
mod mixing;
mod pauses;
mod speaking;
mod tape;
mod types;
mod voice;

use std::collections::HashMap;
use std::time::Instant;

pub(crate) use mixing::MOVE_WITHIN;
pub use types::{
    AudioPacket, GroupIndex, MixPacket, Moment, PackSize, ParticipantKey, RecordingKey, RoomSink,
    SLOTS, SlotIndex, SlotPacket,
};

use crate::level::{DecodeBudget, Loudness};
use crate::opus::{PacketInfo, inspect};
use crate::random::SplitMix64;
use crate::slots::{Bid, Line, Seats};
use mixing::Mixing;
use speaking::Speaking;
use voice::{Participant, Voice};

/// One room: its participants, its slots, its mix and its recording.
#[derive(Debug)]
pub struct Room {
    random: SplitMix64,
    participants: HashMap<ParticipantKey, Participant>,
    seats: Seats,
    lines: [Line; SLOTS],
    budget: DecodeBudget,
    speaking: Speaking,
    mixing: Mixing,
}

impl Room {
    /// An empty room. `seed` sets its SSRCs and first numbers: give each room a random one.
    #[must_use]
    pub fn new(seed: u64, now: Instant) -> Self {
        let mut random = SplitMix64::new(seed);
        let first = random.draw_u32();
        // Neighbours of one random number: random to others, distinct within the room.
        let lines = std::array::from_fn(|slot| {
            Line::new(first.wrapping_add(slot as u32), now, &mut random)
        });
        let mixing = Mixing::new(first.wrapping_add(SLOTS as u32), now, &mut random);
        Self {
            random,
            participants: HashMap::new(),
            seats: Seats::default(),
            lines,
            budget: DecodeBudget::new(),
            speaking: Speaking::default(),
            mixing,
        }
    }

    /// The SSRCs of the slots, for the session descriptions.
    #[must_use]
    pub fn slot_ssrcs(&self) -> [u32; SLOTS] {
        std::array::from_fn(|slot| self.lines.get(slot).map_or(0, Line::ssrc))
    }

    /// The RTP time of `now` on a slot's line, for sender reports.
    #[must_use]
    pub fn slot_rtp_time(&self, slot: SlotIndex, now: Instant) -> Option<u32> {
        self.lines
            .get(usize::from(slot.0))
            .map(|line| line.rtp_time(now))
    }

    /// The SSRC of the mix, for the session descriptions.
    #[must_use]
    pub fn mix_ssrc(&self) -> u32 {
        self.mixing.ssrc()
    }

    /// The RTP time of `now` on the mix's line, for sender reports.
    #[must_use]
    pub fn mix_rtp_time(&self, now: Instant) -> u32 {
        self.mixing.rtp_time(now)
    }

    /// Says whether anybody listens to the mix; it is made only then, and for a recording.
    pub fn want_mix(&mut self, wanted: bool, now: Instant) {
        self.mixing.want(now, wanted);
    }

    /// Wishes for packs of this size. They become so in a pause, after seconds at the latest; [`RoomSink::mix_resized`]
    /// says when. At first a pack is a single frame.
    pub fn set_pack_size(&mut self, size: PackSize, now: Instant, out: &mut impl RoomSink) {
        self.mixing.set_pack_size(now, size, out);
    }

    /// Starts recording the mix; a recording that is running ends first, and what still waits goes into the new one.
    pub fn start_recording(
        &mut self,
        recording: RecordingKey,
        title: &str,
        now: Instant,
        out: &mut impl RoomSink,
    ) {
        let serial = self.random.draw_u32();
        self.mixing
            .start_recording(now, recording, title, serial, out);
    }

    /// Stops the recording that is running, if any. It ends when all that has come by now is in it: within 0.4 s.
    pub fn stop_recording(&mut self, now: Instant, out: &mut impl RoomSink) {
        self.mixing.stop_recording(now, out);
    }

    /// Ends the recording that is running, if any, before this returns: the frames it still waits for are made early.
    pub fn end_recording(&mut self, now: Instant, out: &mut impl RoomSink) {
        self.mixing.end_recording(now, out);
    }

    /// Lets a participant in, or changes what is known of one who is in.
    pub fn admit(
        &mut self,
        who: ParticipantKey,
        csrc: u32,
        may_speak: bool,
        out: &mut impl RoomSink,
    ) {
        let fresh = || Participant {
            csrc,
            may_speak,
            voice: None,
        };
        self.participants.entry(who).or_insert_with(fresh).csrc = csrc;
        self.set_may_speak(who, may_speak, out);
    }

    /// Gives or takes the right to speak: what `who` sends from now on counts, or is dropped.
    pub fn set_may_speak(&mut self, who: ParticipantKey, may_speak: bool, out: &mut impl RoomSink) {
        let Some(participant) = self.participants.get_mut(&who) else {
            return;
        };
        participant.may_speak = may_speak;
        if !may_speak {
            if let Some(voice) = &mut participant.voice {
                voice.rest();
            }
            self.silence(who, out);
        }
    }

    /// `who` has left.
    pub fn remove(&mut self, who: ParticipantKey, out: &mut impl RoomSink) {
        if self.participants.remove(&who).is_some() {
            self.silence(who, out);
        }
    }

    /// A packet of sound from `from`. Dropped when it is not Opus, comes faster than time, or `from` may not speak.
    pub fn on_audio(
        &mut self,
        now: Instant,
        from: ParticipantKey,
        packet: &AudioPacket<'_>,
        out: &mut impl RoomSink,
    ) {
        let Ok(info) = inspect(packet.payload) else {
            return;
        };
        let Some(participant) = self.participants.get_mut(&from).filter(|p| p.may_speak) else {
            return;
        };
        let csrc = participant.csrc;
        let voice = participant
            .voice
            .get_or_insert_with(|| Box::new(Voice::new(self.random.draw())));
        if !voice.affords(now, &info) {
            return;
        }
        let loudness = voice.hear(now, packet, &info, &mut self.budget);
        let bid = Bid {
            who: from,
            loudness,
            score_db: voice.score_db,
        };
        // What is due comes first: whoever is moved in the pause that ends here must not get this packet as well.
        self.mixing.run(now, out);
        self.forward(now, bid, csrc, packet, &info, out);
        self.mixing.push(now, &bid, csrc, packet, &info, out);
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut impl RoomSink) {
        self.speaking.expire(now, out);
        self.mixing.run(now, out);
    }

    /// When [`Room::handle_timeout`] is next needed; None while nothing goes on.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        [self.speaking.next_timeout(), self.mixing.next_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Into a slot and out, with no delay at all.
    fn forward(
        &mut self,
        now: Instant,
        bid: Bid,
        csrc: u32,
        packet: &AudioPacket<'_>,
        info: &PacketInfo,
        out: &mut impl RoomSink,
    ) {
        let Some(seat) = self.seats.bid(now, bid) else {
            return;
        };
        let Some(line) = self.lines.get_mut(usize::from(seat.slot.0)) else {
            return;
        };
        if seat.fresh {
            line.vacate();
        }
        let Some(placed) = line.place(now, packet, info.samples as u32) else {
            return;
        };
        let placed = SlotPacket {
            ssrc: line.ssrc(),
            seq: placed.seq,
            rtp_ts: placed.rtp_ts,
            marker: placed.marker,
            csrc,
            from: bid.who,
            payload: packet.payload,
        };
        out.slot_packet(seat.slot, &placed);
        self.mixing.on_forwarded(now);
        if bid.loudness >= Loudness::SPEECH {
            self.speaking.heard(now, bid.who, out);
        }
    }

    /// Nothing of `who` is left anywhere.
    fn silence(&mut self, who: ParticipantKey, out: &mut impl RoomSink) {
        self.seats.vacate(who);
        self.mixing.flush(who);
        self.speaking.forget(who, out);
    }
}
