//! The RTP line of the mix.

use std::time::Instant;

use super::{MixPacket, RoomSink};
use crate::mix::Mixed;
use crate::opus::samples_within;
use crate::random::SplitMix64;

/// While nobody speaks listeners get one packet in so many ticks, as in a sender's own pause (400 ms, RFC 6716
/// §2.1.9), and the room wakes up no more often.
pub(super) const SILENT_TICKS: u32 = 20;

/// The mix's RTP line.
#[derive(Debug)]
pub(super) struct MixLine {
    ssrc: u32,
    origin: (Instant, u32),
    seq: u64,
    /// Ticks since the last packet with sound.
    silent_ticks: u32,
}

impl MixLine {
    pub fn new(ssrc: u32, now: Instant, random: &mut SplitMix64) -> Self {
        let origin = (now, random.draw_u32());
        // As in `Line::new`: no doubt about the roll-over counter.
        let seq = u64::from(random.draw_u32() & 0x7fff);
        Self {
            ssrc,
            origin,
            seq,
            silent_ticks: 1,
        }
    }

    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    pub fn rtp_time(&self, now: Instant) -> u32 {
        let (start, rtp_ts) = self.origin;
        rtp_ts.wrapping_add(samples_within(now.saturating_duration_since(start)) as u32)
    }

    /// Sound goes out at once, silence now and then.
    pub fn send(&mut self, at: Instant, mixed: &Mixed<'_>, out: &mut impl RoomSink) {
        let marker = mixed.sound && self.silent_ticks > 0;
        self.silent_ticks = if mixed.sound {
            0
        } else {
            self.silent_ticks.wrapping_add(1)
        };
        if !self.silent_ticks.is_multiple_of(SILENT_TICKS) {
            return;
        }
        self.seq += 1;
        let (ssrc, seq, rtp_ts) = (self.ssrc, self.seq, self.rtp_time(at));
        let (csrcs, payload) = (mixed.csrcs, mixed.payload);
        out.mix_packet(&MixPacket {
            ssrc,
            seq,
            rtp_ts,
            marker,
            csrcs,
            payload,
        });
    }
}
