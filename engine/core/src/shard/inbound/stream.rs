//! Reception of one SSRC.

use std::time::Instant;

use crate::link::RtpPacket;
use crate::rtcp::{NtpTime, ReportBlock};

/// A longer hole is not worth asking for: what comes back would be too late to be heard.
const MAX_ASKED: u64 = 8;
/// Opus's RTP clock (RFC 7587, section 4.1).
const CLOCK_HZ: u128 = 48_000;

/// What has come under one SSRC (RFC 3550, appendix A), and what has not.
#[derive(Debug)]
pub(super) struct Stream {
    ssrc: u32,
    first: u64,
    highest: u64,
    /// Timestamp of the highest.
    highest_ts: u32,
    received: u64,
    /// Bit n: the packet n before the highest never came, and was found in a later one.
    recovered: u64,
    /// As they were in the last report.
    expected_before: u64,
    received_before: u64,
    /// In units of 1/16 of the RTP clock.
    jitter: u32,
    /// Arrival minus timestamp of the last packet, in the RTP clock.
    transit: Option<u32>,
    missing: Vec<u16>,
    sender_report: Option<(NtpTime, Instant)>,
    began: Instant,
}

impl Stream {
    pub fn new(now: Instant, packet: &RtpPacket<'_>) -> Self {
        Self {
            ssrc: packet.header.ssrc,
            first: packet.index,
            highest: packet.index,
            highest_ts: packet.header.timestamp,
            received: 0,
            recovered: 0,
            expected_before: 0,
            received_before: 0,
            jitter: 0,
            transit: None,
            missing: Vec::new(),
            sender_report: None,
            began: now,
        }
    }

    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    pub fn highest_ts(&self) -> u32 {
        self.highest_ts
    }

    /// Sequence numbers to ask for now.
    pub fn missing(&self) -> &[u16] {
        &self.missing
    }

    pub fn asked(&mut self) {
        self.missing.clear();
    }

    pub fn on_sender_report(&mut self, now: Instant, sent: NtpTime) {
        self.sender_report = Some((sent, now));
    }

    /// A packet has come. How many are missing just before it; None when its sound was recovered before it came.
    pub fn count(&mut self, now: Instant, index: u64, timestamp: u32) -> Option<u64> {
        self.received += 1;
        self.measure_jitter(now, timestamp);
        let Some(step) = index.checked_sub(self.highest) else {
            let known = bit(self.highest - index) & self.recovered != 0;
            return (!known).then_some(0);
        };
        if step == 0 {
            return Some(0);
        }
        let gap = step - 1;
        if gap < MAX_ASKED {
            let missing = (self.highest + 1..index).map(|missing| missing as u16);
            self.missing.extend(missing);
        }
        self.recovered = u32::try_from(step)
            .ok()
            .and_then(|step| self.recovered.checked_shl(step))
            .unwrap_or(0);
        (self.highest, self.highest_ts) = (index, timestamp);
        Some(gap)
    }

    /// What was missing has been found in a later packet: nobody need ask for it, or take it when it comes.
    pub fn recovered(&mut self, sequence: u16) {
        let back = (self.highest as u16).wrapping_sub(sequence);
        self.recovered |= bit(u64::from(back));
        self.missing.retain(|missing| *missing != sequence);
    }

    fn measure_jitter(&mut self, now: Instant, timestamp: u32) {
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
    pub fn block(&mut self, now: Instant) -> ReportBlock {
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

/// The bit of the packet `back` before the highest; none beyond the window.
fn bit(back: u64) -> u64 {
    u32::try_from(back)
        .ok()
        .and_then(|back| 1u64.checked_shl(back))
        .unwrap_or(0)
}
