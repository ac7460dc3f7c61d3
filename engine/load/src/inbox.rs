//! What a client received: counts and order per stream, and the audio itself when asked to keep it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::LoadError;
use crate::rtp_header::RtpHeader;
use crate::speech::{FRAME_SAMPLES, SAMPLE_RATE_HZ};

/// One received Opus packet, decrypted and authenticated.
#[derive(Debug, Clone)]
pub struct Heard {
    pub at: Instant,
    pub ssrc: u32,
    /// Sequence number with its roll-overs counted in.
    pub sequence: u64,
    pub rtp_ts: u32,
    pub csrcs: Vec<u32>,
    pub opus: Arc<[u8]>,
}

/// Everything one client received.
#[derive(Debug, Default)]
pub struct Inbox {
    /// By SSRC.
    pub streams: BTreeMap<u32, StreamStats>,
    /// RTP datagrams that came to the client's address, whatever became of them.
    pub arrived: u64,
    /// RTP packets that were authenticated, decrypted and new. What of `arrived` is not here is a duplicate, a replay or
    /// a forgery. Clients that only count do not decrypt, and leave this at 0.
    pub accepted: u64,
    /// The packets themselves, in the order of their arrival, when the plan says to keep them.
    pub heard: Vec<Heard>,
}

impl Inbox {
    pub(crate) fn record(&mut self, header: &RtpHeader, at: Instant) {
        self.streams
            .entry(header.ssrc)
            .or_default()
            .record(header, at);
    }

    /// Packets received over all streams, without duplicates.
    pub fn received(&self) -> u64 {
        self.streams.values().map(|s| s.received).sum()
    }

    /// Packets that never came, over all streams, judged by the gaps in sequence numbers.
    pub fn lost(&self) -> u64 {
        self.streams.values().map(StreamStats::lost).sum()
    }

    /// Decodes what was kept of one stream to 48 kHz mono; a missing packet is concealed, and silence left out by the
    /// sender (DTX) is put back by the RTP clock.
    pub fn decode(&self, ssrc: u32) -> Result<Vec<i16>, LoadError> {
        let mut packets: Vec<&Heard> = self.heard.iter().filter(|h| h.ssrc == ssrc).collect();
        packets.sort_by_key(|h| h.sequence);
        let mut decoder = opus::Decoder::new(SAMPLE_RATE_HZ, opus::Channels::Mono)?;
        let mut pcm = Vec::new();
        let Some(start) = packets.first().map(|h| h.rtp_ts) else {
            return Ok(pcm);
        };
        for packet in packets {
            conceal_until(
                &mut decoder,
                &mut pcm,
                packet.rtp_ts.wrapping_sub(start) as usize,
            )?;
            append(&mut decoder, &mut pcm, &packet.opus, MAX_PACKET_SAMPLES)?;
        }
        Ok(pcm)
    }
}

/// 120 ms at 48 kHz, the longest Opus packet (RFC 6716 §3.2.5).
const MAX_PACKET_SAMPLES: usize = 5760;
/// A timestamp that jumps by more than ten minutes is another clock, not silence.
const MAX_GAP_SAMPLES: usize = 600 * SAMPLE_RATE_HZ as usize;

fn conceal_until(
    decoder: &mut opus::Decoder,
    pcm: &mut Vec<i16>,
    until: usize,
) -> Result<(), LoadError> {
    if until > pcm.len() + MAX_GAP_SAMPLES {
        return Err(LoadError::Sdp(format!(
            "RTP timestamps jump by {until} samples"
        )));
    }
    while pcm.len() + FRAME_SAMPLES <= until {
        append(decoder, pcm, &[], FRAME_SAMPLES)?;
    }
    Ok(())
}

fn append(
    decoder: &mut opus::Decoder,
    pcm: &mut Vec<i16>,
    packet: &[u8],
    room: usize,
) -> Result<(), LoadError> {
    let start = pcm.len();
    pcm.resize(start + room, 0);
    let samples = decoder.decode(packet, &mut pcm[start..], false)?;
    pcm.truncate(start + samples);
    Ok(())
}

/// Counts for one SSRC, by the rules of RFC 3550 Appendix A.
#[derive(Debug, Clone, Default)]
pub struct StreamStats {
    pub received: u64,
    pub duplicates: u64,
    /// Packets that came after one with a higher sequence number.
    pub reordered: u64,
    /// Everybody who was named as speaking.
    pub csrcs: BTreeSet<u32>,
    /// The longest silence between two arrivals.
    pub longest_gap: Duration,
    /// Interarrival jitter (RFC 3550 §6.4.1), in samples at 48 kHz.
    pub jitter_samples: f64,
    span: Option<Span>,
}

#[derive(Debug, Clone)]
struct Span {
    first: i64,
    highest: i64,
    /// Bit n: the packet `highest - n` was received.
    window: u128,
    last_at: Instant,
    last_rtp_ts: u32,
}

impl StreamStats {
    /// Packets missing between the first and the highest sequence number.
    pub fn lost(&self) -> u64 {
        let Some(span) = &self.span else { return 0 };
        u64::try_from(span.highest - span.first + 1)
            .unwrap_or(0)
            .saturating_sub(self.received)
    }

    /// The highest sequence number, its roll-overs counted in; `None` before the first packet.
    pub fn highest_sequence(&self) -> Option<i64> {
        self.span.as_ref().map(|s| s.highest)
    }

    fn record(&mut self, header: &RtpHeader, at: Instant) {
        self.csrcs.extend(header.csrcs.as_slice());
        let Some(span) = &mut self.span else {
            self.received = 1;
            self.span = Some(Span::starting(header, at));
            return;
        };
        // The 16-bit difference, read as signed, places the packet before or after the highest.
        let ahead = i64::from(header.sequence.wrapping_sub(span.highest as u16) as i16);
        if !span.mark(ahead) {
            self.duplicates += 1;
            return;
        }
        self.received += 1;
        self.reordered += u64::from(ahead < 0);
        let gap = at.duration_since(span.last_at);
        self.longest_gap = self.longest_gap.max(gap);
        let transit = gap.as_secs_f64() * f64::from(SAMPLE_RATE_HZ)
            - f64::from(header.rtp_ts.wrapping_sub(span.last_rtp_ts) as i32);
        self.jitter_samples += (transit.abs() - self.jitter_samples) / 16.0;
        (span.last_at, span.last_rtp_ts) = (at, header.rtp_ts);
    }
}

impl Span {
    fn starting(header: &RtpHeader, at: Instant) -> Self {
        let first = i64::from(header.sequence);
        Self {
            first,
            highest: first,
            window: 1,
            last_at: at,
            last_rtp_ts: header.rtp_ts,
        }
    }

    /// Notes the packet `ahead` of the highest one; false when it was there already or is too old to tell.
    fn mark(&mut self, ahead: i64) -> bool {
        if ahead > 0 {
            self.window = u32::try_from(ahead)
                .ok()
                .and_then(|n| self.window.checked_shl(n))
                .unwrap_or(0)
                | 1;
            self.highest += ahead;
            return true;
        }
        let Some(bit) = u32::try_from(-ahead)
            .ok()
            .and_then(|n| 1u128.checked_shl(n))
        else {
            return false;
        };
        let new = self.window & bit == 0;
        self.window |= bit;
        self.first = self.first.min(self.highest + ahead);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp_header::Csrcs;

    fn stats_of(sequences: &[u16]) -> StreamStats {
        let start = Instant::now();
        let mut stats = StreamStats::default();
        for (i, &sequence) in sequences.iter().enumerate() {
            let rtp_ts = u32::from(sequence) * 960;
            let header = RtpHeader {
                ssrc: 1,
                sequence,
                rtp_ts,
                csrcs: Csrcs::default(),
            };
            stats.record(&header, start + Duration::from_millis(20) * i as u32);
        }
        stats
    }

    #[test]
    fn a_gap_is_lost_and_a_late_packet_fills_it() {
        assert_eq!(stats_of(&[10, 11, 13]).lost(), 1);
        let filled = stats_of(&[10, 11, 13, 12]);
        assert_eq!(
            (filled.lost(), filled.reordered, filled.received),
            (0, 1, 4)
        );
    }

    #[test]
    fn a_sequence_number_that_wraps_is_no_loss() {
        let stats = stats_of(&[65534, 65535, 0, 1]);
        assert_eq!(
            (stats.lost(), stats.received, stats.highest_sequence()),
            (0, 4, Some(65537))
        );
    }

    #[test]
    fn the_same_packet_twice_counts_once() {
        let stats = stats_of(&[5, 6, 6, 5]);
        assert_eq!((stats.received, stats.duplicates, stats.lost()), (2, 2, 0));
    }
}
