//! The turns of the groups while one voice alone is loud: each of its frames is one, and the clock takes what is left.

use std::time::Instant;

use super::Mixing;
use crate::opus::{FRAME_SAMPLES, PacketInfo};
use crate::room::direct::Direct;
use crate::room::history::Sound;
use crate::room::mix_line::LATE;
use crate::room::{AudioPacket, RoomSink};

/// In a sender's pause, and while there is something of the mix left to send, a frame may be so late, in samples, before the
/// clock takes its turn: it leaves no gap there. What is sent later makes players wait longer; a first word that comes
/// later is put off by a frame.
const LATE_IN_PAUSE: i32 = FRAME_SAMPLES as i32;

impl Mixing {
    /// A frame of the one voice: the turn of a group, after those whose frames are missing.
    pub(super) fn send_directly(
        &mut self,
        now: Instant,
        csrc: u32,
        packet: &AudioPacket<'_>,
        info: &PacketInfo,
        out: &mut impl RoomSink,
    ) {
        let (next, clock) = (self.line.next_at(now), self.line.rtp_time(now));
        let Some(direct) = self.route.direct_mut() else {
            return;
        };
        let Some(place) = direct.place(packet, next, clock) else {
            return;
        };
        let voice = Some(direct.who);
        while self.line.next().tick < place.tick {
            self.pass_turn(now, out);
        }
        let csrcs: &[u32] = if self.pauses.is_named(now) {
            &[csrc]
        } else {
            &[]
        };
        let sound = Sound {
            payload: packet.payload,
            csrcs,
            voice,
        };
        let direct = self.route.direct_mut();
        if let Some(direct) = direct.filter(|_| place.tick >= next.tick) {
            direct.on_newest(packet, info);
        }
        self.line.keep(place, &sound);
        if self.line.next().tick == place.tick {
            let group = self.line.turn(now, place.rtp_ts, out);
            self.after_turn(now, group, out);
        }
    }

    /// When the clock takes the next turn, if nothing comes before; `near` is some moment at most hours away.
    pub(super) fn turn_due(&self, near: Instant) -> Option<Instant> {
        let direct = self.route.direct()?;
        let due = self.line.next().rtp_ts;
        let due = due.wrapping_add_signed(self.patience(direct));
        Some(self.line.when(due, near))
    }

    /// When nothing has come for a while, the clock takes the turns, so that what is there leaves.
    pub(super) fn pass_turns(&mut self, at: Instant, out: &mut impl RoomSink) {
        while self.turn_due(at).is_some_and(|due| due <= at) {
            self.pass_turn(at, out);
        }
    }

    fn patience(&self, direct: &Direct) -> i32 {
        if direct.pause().is_none() && self.line.has_only(direct.who) {
            LATE
        } else {
            LATE_IN_PAUSE
        }
    }

    /// A turn for which nothing has come. In a sender's pause it gets what the sender left out: a frame without sound,
    /// which tells players that it is a pause and no loss.
    fn pass_turn(&mut self, at: Instant, out: &mut impl RoomSink) {
        let place = self.line.next();
        if let Some((payload, voice)) = self.route.direct().and_then(Direct::pause) {
            let voice = Some(voice);
            let csrcs = &[];
            self.line.keep(
                place,
                &Sound {
                    payload: &payload,
                    csrcs,
                    voice,
                },
            );
        }
        let group = self.line.pass(at, place, out);
        self.after_turn(at, group, out);
    }
}
