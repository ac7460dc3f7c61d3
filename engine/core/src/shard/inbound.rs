//! What comes from one speaker: which packets count, what is missing, what the speaker is told about it.

use std::time::{Duration, Instant};

use super::ShardSink;
use crate::link::{Link, RtpPacket};
use crate::room::AudioPacket;
use crate::rtcp::{self, NtpTime, Packet, ReportBlock};

/// How often a speaker learns how well it is received.
const REPORT_EVERY: Duration = Duration::from_secs(2);
/// A longer hole is not worth asking for: what comes back would be too late to be heard.
const MAX_ASKED: u64 = 8;
/// Opus's RTP clock (RFC 7587, section 4.1).
const CLOCK_HZ: u128 = 48_000;

/// A speaker's stream.
#[derive(Debug)]
pub(super) struct Inbound {
    payload_type: u8,
    /// The SSRC the engine reports under.
    own_ssrc: u32,
    ssrcs_seen: u32,
    stream: Option<Stream>,
    report_at: Option<Instant>,
}

/// Reception of one SSRC (RFC 3550, appendix A).
#[derive(Debug)]
struct Stream {
    ssrc: u32,
    first: u64,
    highest: u64,
    received: u64,
    /// As they were in the last report.
    expected_before: u64,
    received_before: u64,
    /// In units of 1/16 of the RTP clock.
    jitter: u32,
    /// Arrival minus timestamp of the last packet, in the RTP clock.
    transit: Option<u32>,
    /// Sequence numbers to ask for now.
    missing: Vec<u16>,
    sender_report: Option<(NtpTime, Instant)>,
    began: Instant,
}

impl Inbound {
    pub fn new(payload_type: u8, own_ssrc: u32) -> Self {
        Self {
            payload_type,
            own_ssrc,
            ssrcs_seen: 0,
            stream: None,
            report_at: None,
        }
    }

    pub fn report_at(&self) -> Option<Instant> {
        self.report_at
    }

    /// The sound in a packet; None for what is not Opus, only pads, or comes under one SSRC too many.
    pub fn accept<'a>(
        &mut self,
        now: Instant,
        packet: &RtpPacket<'a>,
        max_ssrcs: u32,
    ) -> Option<AudioPacket<'a>> {
        let header = packet.header;
        if header.payload_type != self.payload_type || packet.payload.is_empty() {
            return None;
        }
        if self
            .stream
            .as_ref()
            .is_none_or(|stream| stream.ssrc != header.ssrc)
        {
            if self.ssrcs_seen >= max_ssrcs {
                return None;
            }
            self.ssrcs_seen += 1;
            self.stream = Some(Stream::new(now, header.ssrc, packet.index));
        }
        let stream = self.stream.as_mut()?;
        stream.count(now, packet.index, header.timestamp);
        self.report_at.get_or_insert(now + REPORT_EVERY);
        Some(AudioPacket {
            ssrc: header.ssrc,
            seq: header.sequence,
            rtp_ts: header.timestamp,
            marker: header.marker,
            claimed_level: packet.audio_level.map(|level| level.below_overload_db),
            payload: packet.payload,
        })
    }

    /// A sender report's time goes back in our report, so that the speaker can tell the round trip.
    pub fn on_report(&mut self, now: Instant, packet: &Packet<'_>) {
        if let (Packet::SenderReport { ssrc, info, .. }, Some(stream)) = (packet, &mut self.stream)
            && *ssrc == stream.ssrc
        {
            stream.sender_report = Some((info.ntp, now));
        }
    }

    /// Asks once for what has just been found missing.
    pub fn ask_again(&mut self, now: Instant, link: &mut Link, out: &mut impl ShardSink) {
        let own_ssrc = self.own_ssrc;
        let Some(stream) = self
            .stream
            .as_mut()
            .filter(|stream| !stream.missing.is_empty())
        else {
            return;
        };
        let pairs = rtcp::nack_pairs(&stream.missing);
        stream.missing.clear();
        let media_ssrc = stream.ssrc;
        send(now, link, out, |buffer| {
            rtcp::write_nack(own_ssrc, media_ssrc, &pairs, buffer)
        });
    }

    /// The receiver report, when it is due.
    pub fn report(&mut self, now: Instant, link: &mut Link, out: &mut impl ShardSink) {
        if self.report_at.is_none_or(|at| at > now) {
            return;
        }
        self.report_at = None;
        let own_ssrc = self.own_ssrc;
        if let Some(stream) = &mut self.stream {
            let block = stream.block(now);
            send(now, link, out, |buffer| {
                rtcp::write_receiver_report(own_ssrc, &[block], buffer)
            });
        }
    }
}

impl Stream {
    fn new(now: Instant, ssrc: u32, index: u64) -> Self {
        Self {
            ssrc,
            first: index,
            highest: index,
            received: 0,
            expected_before: 0,
            received_before: 0,
            jitter: 0,
            transit: None,
            missing: Vec::new(),
            sender_report: None,
            began: now,
        }
    }

    fn count(&mut self, now: Instant, index: u64, timestamp: u32) {
        self.received += 1;
        if index > self.highest + 1 && index - self.highest <= MAX_ASKED {
            self.missing
                .extend((self.highest + 1..index).map(|missing| missing as u16));
        }
        self.highest = self.highest.max(index);
        let arrival = ((now - self.began).as_micros() * CLOCK_HZ / 1_000_000) as u32;
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            // RFC 3550, appendix A.8; a jump of the sender's clock is no jitter.
            let change = (transit.wrapping_sub(before) as i32)
                .unsigned_abs()
                .min(CLOCK_HZ as u32);
            self.jitter = self
                .jitter
                .saturating_add(change)
                .saturating_sub((self.jitter + 8) >> 4);
        }
    }

    /// RFC 3550, section 6.4.1 and appendix A.3.
    fn block(&mut self, now: Instant) -> ReportBlock {
        let expected = self.highest - self.first + 1;
        let expected_now = expected - self.expected_before;
        let received_now = self.received - self.received_before;
        self.expected_before = expected;
        self.received_before = self.received;
        let lost_now = expected_now.saturating_sub(received_now);
        let fraction = (lost_now * 256).checked_div(expected_now).unwrap_or(0);
        let (last, delay) = match self.sender_report {
            Some((ntp, at)) => (ntp.middle(), (now - at).as_millis() * 65_536 / 1_000),
            None => (0, 0),
        };
        ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            cumulative_lost: i32::try_from(expected as i64 - self.received as i64).unwrap_or(0),
            highest_sequence: self.highest as u32,
            jitter: self.jitter >> 4,
            last_sender_report: last,
            delay_since_last_sender_report: u32::try_from(delay).unwrap_or(u32::MAX),
        }
    }
}

fn send(
    now: Instant,
    link: &mut Link,
    out: &mut impl ShardSink,
    write: impl FnOnce(&mut [u8]) -> Option<usize>,
) {
    if let Some(path) = link.path() {
        out.datagram(path, |buffer| {
            let len = write(buffer)?;
            link.seal_rtcp(now, len, buffer)
        });
    }
}
