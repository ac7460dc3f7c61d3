//! One voice that is loud alone goes to the listeners of the mix as it comes; more than one are mixed.

use std::time::{Duration, Instant};

use super::Mixing;
use crate::opus::{FRAME_SAMPLES, PacketInfo};
use crate::room::direct::{self, Direct};
use crate::room::history::Sound;
use crate::room::{AudioPacket, Moment, RoomSink};
use crate::rtp::time_distance;
use crate::slots::Bid;

/// A frame may come so late, in samples, before the clock takes its turn, which leaves a gap in the line's time where
/// players make something up. Up to then what is late is theirs to even out, as they do with forwarded sound.
const LATE: i32 = 6 * FRAME_SAMPLES as i32;
/// The same in a sender's pause, where nothing is expected and the clock leaves no gap, and while there is something of
/// the mix left to send.
const LATE_IN_PAUSE: i32 = FRAME_SAMPLES as i32;
/// A voice whose frames come out of order is mixed for this long at least.
const DISORDER: Duration = Duration::from_secs(30);

impl Mixing {
    /// Whether this packet goes out as it is. A voice begins to do so in a pause (`moment` is how it was before the
    /// packet) or where nobody has heard anything yet, and goes on until somebody else is loud, or it sends what does not fit.
    pub(super) fn goes_directly(
        &mut self,
        now: Instant,
        bid: &Bid,
        packet: &AudioPacket<'_>,
        info: &PacketInfo,
        moment: Moment,
    ) -> bool {
        let loud = bid.loudness.is_speech();
        let fits = direct::fits(packet, info);
        let own = self.direct.as_ref().filter(|d| d.who == bid.who);
        let (own, disorderly) = (own.is_some(), own.is_some_and(Direct::is_disorderly));
        if disorderly {
            self.mixed_until = Some(now + DISORDER);
        }
        let may = fits && self.mixed_until.is_none_or(|until| until <= now);
        if own && may {
            return true;
        }
        if loud && may && (moment != Moment::Speech || self.unheard) {
            self.unheard = false;
            (self.direct, self.repeats_until) = (Some(Direct::new(bid.who)), None);
            return true;
        }
        if own || loud {
            self.mix_from(now);
        }
        false
    }

    /// The mix takes over. It is later than the voice has been: what it still holds of it has been heard.
    fn mix_from(&mut self, now: Instant) {
        if let Some((direct, running)) = self.direct.take().zip(self.running.as_ref()) {
            let waits = running.mixer.waits_for(now, direct.who);
            self.repeats_until = Some(now + waits);
        }
    }

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
        let Some(direct) = &mut self.direct else {
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
        if let Some(direct) = self.direct.as_mut().filter(|_| place.tick >= next.tick) {
            direct.on_newest(packet, info);
        }
        self.line.keep(place, &sound);
        if self.line.next().tick == place.tick {
            let group = self.line.turn(place.rtp_ts, out);
            self.after_turn(now, group, out);
        }
    }

    /// When nothing has come for a while, the clock takes the turns, so that what is there leaves.
    pub(super) fn pass_turns(&mut self, at: Instant, out: &mut impl RoomSink) {
        let clock = self.line.rtp_time(at);
        while time_distance(clock, self.line.next().rtp_ts) >= self.patience() {
            self.pass_turn(at, out);
        }
    }

    fn patience(&self) -> i32 {
        let waits = |direct: &Direct| direct.pause().is_none() && self.line.has_only(direct.who);
        if self.direct.as_ref().is_some_and(waits) {
            LATE
        } else {
            LATE_IN_PAUSE
        }
    }

    /// A turn for which nothing has come. In a sender's pause it gets what the sender left out: a frame without sound,
    /// which tells players that it is a pause and no loss.
    fn pass_turn(&mut self, at: Instant, out: &mut impl RoomSink) {
        let place = self.line.next();
        if let Some((payload, voice)) = self.direct.as_ref().and_then(Direct::pause) {
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
        let group = self.line.pass(place, out);
        self.after_turn(at, group, out);
    }
}
