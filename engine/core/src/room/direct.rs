//! The one voice that speaks, on its way straight into the packs: where its frames belong.

use super::history::Place;
use super::{AudioPacket, ParticipantKey};
use crate::opus::{FRAME_SAMPLES, MAX_EACH, PacketInfo, SAMPLE_RATE};
use crate::rtp::time_distance;

/// A frame so much older than the newest one, in samples, is of another stream.
const LATE: i32 = SAMPLE_RATE as i32;
/// The line is never this far ahead of the time, in samples: a burst after a stall is cut to 200 ms (ADR 13).
const MAX_AHEAD: i32 = 9_600;
/// What a late frame weighs beside those that come in time: more than one in fifty...
const LATE_WEIGHT: u32 = 50;
/// ...and some at once.
const MAX_LATE: u32 = 4 * LATE_WEIGHT;
/// Of a TOC byte: how many frames follow (RFC 6716 §3.1).
const CODE: u8 = 3;
const FRAME: i32 = FRAME_SAMPLES as i32;

/// Whether packs can be made of such packets: one frame of 20 ms each, and any six of them fit.
pub(super) fn fits(packet: &AudioPacket<'_>, info: &PacketInfo) -> bool {
    info.frames == 1 && info.samples == FRAME_SAMPLES && packet.payload.len() <= MAX_EACH
}

/// Whose voice it is, and how its time becomes the line's.
#[derive(Debug)]
pub(super) struct Direct {
    pub who: ParticipantKey,
    anchor: Option<Anchor>,
    /// Each late frame adds its weight, each other one takes one away.
    late: u32,
    /// In a pause of the sender: a frame of its configuration without any sound.
    pause: Option<[u8; 1]>,
}

/// From this packet on one frame's time is one tick.
#[derive(Debug)]
struct Anchor {
    ssrc: u32,
    first: u32,
    newest: u32,
    place: Place,
}

impl Direct {
    pub fn new(who: ParticipantKey) -> Self {
        Self {
            who,
            anchor: None,
            late: 0,
            pause: None,
        }
    }

    /// A frame is the newest there is. Opus's discontinuous transmission begins with one that has no sound, and goes on
    /// with none at all (RFC 7587 §3.1.3).
    pub fn on_newest(&mut self, packet: &AudioPacket<'_>, info: &PacketInfo) {
        let toc = packet.payload.first().filter(|_| info.pause);
        self.pause = toc.map(|toc| [toc & !CODE]);
    }

    /// What is sent in place of what the sender leaves out in its pause, and whose that is; None outside of one.
    pub fn pause(&self) -> Option<([u8; 1], ParticipantKey)> {
        Some((self.pause?, self.who))
    }

    /// Whether frames often come when their turn has been: a jitter buffer would put them in order.
    pub fn is_disorderly(&self) -> bool {
        self.late >= MAX_LATE
    }

    /// Where a frame belongs: at `next` or after it, or before it when it is late. None when it came twice, is too late,
    /// or comes faster than time. What is newer than all before is never too late: when the clock has taken its turn, it
    /// goes on at `next`. `clock` is the line's RTP time of now.
    pub fn place(&mut self, packet: &AudioPacket<'_>, next: Place, clock: u32) -> Option<Place> {
        let known = self.anchor.as_mut().filter(|a| a.ssrc == packet.ssrc);
        if let Some(anchor) = known {
            let place = anchor.place_of(packet.rtp_ts);
            let age = time_distance(anchor.newest, packet.rtp_ts);
            if (0..LATE).contains(&age) {
                self.late += LATE_WEIGHT;
                return place.filter(|_| age > 0);
            }
            self.late = self.late.saturating_sub(1);
            let in_time = |place: &Place| place.tick >= next.tick && !is_ahead(*place, clock);
            if let Some(place) = place.filter(in_time) {
                anchor.newest = packet.rtp_ts;
                return Some(place);
            }
        }
        self.begin(packet, next, clock)
    }

    /// A stream that is new, or was held up: goes on where the line is.
    fn begin(&mut self, packet: &AudioPacket<'_>, next: Place, clock: u32) -> Option<Place> {
        let (ssrc, first, newest) = (packet.ssrc, packet.rtp_ts, packet.rtp_ts);
        let place = next;
        self.anchor = (!is_ahead(place, clock)).then_some(Anchor {
            ssrc,
            first,
            newest,
            place,
        });
        self.anchor.as_ref().map(|anchor| anchor.place)
    }
}

impl Anchor {
    /// None for what is older than the first, or between two frames.
    fn place_of(&self, rtp_ts: u32) -> Option<Place> {
        let after = time_distance(rtp_ts, self.first);
        let ticks = u64::try_from(after / FRAME).ok()?;
        (after >= 0 && after % FRAME == 0).then(|| Place {
            tick: self.place.tick + ticks,
            rtp_ts: self.place.rtp_ts.wrapping_add_signed(after),
        })
    }
}

fn is_ahead(place: Place, clock: u32) -> bool {
    time_distance(place.rtp_ts, clock) > MAX_AHEAD
}
