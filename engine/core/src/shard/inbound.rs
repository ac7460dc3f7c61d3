//! What comes from one speaker: which packets count, what is missing, what the speaker is told about it.

mod arrived;
mod stream;

use std::time::{Duration, Instant};

pub(super) use arrived::Arrived;

use super::ShardSink;
use crate::link::{Link, RtpPacket};
use crate::room::AudioPacket;
use crate::rtcp::{self, Packet};
use crate::rtp::Red;
use stream::Stream;

/// How often a speaker learns how well it is received.
const REPORT_EVERY: Duration = Duration::from_secs(2);

/// A speaker's stream.
#[derive(Debug)]
pub(super) struct Inbound {
    payload_type: u8,
    /// Of redundant audio, where it was negotiated.
    red: Option<u8>,
    /// The SSRC the engine reports under.
    own_ssrc: u32,
    ssrcs_seen: u32,
    stream: Option<Stream>,
    report_at: Option<Instant>,
}

impl Inbound {
    pub fn new(payload_type: u8, red: Option<u8>, own_ssrc: u32) -> Self {
        Self {
            payload_type,
            red,
            own_ssrc,
            ssrcs_seen: 0,
            stream: None,
            report_at: None,
        }
    }

    pub fn report_at(&self) -> Option<Instant> {
        self.report_at
    }

    /// The sound in a packet, and what it repeats of packets that are missing; None for what is not Opus, only pads,
    /// is known already, or comes under one SSRC too many.
    pub fn accept<'a>(
        &mut self,
        now: Instant,
        packet: &RtpPacket<'a>,
        max_ssrcs: u32,
    ) -> Option<Arrived<'a>> {
        let (header, payload_type) = (packet.header, self.payload_type);
        let red = self.open(header.payload_type, packet.payload)?;
        let payload = red.map_or(packet.payload, |red| red.primary);
        if payload.is_empty() {
            return None;
        }
        let stream = self.stream(now, packet, max_ssrcs)?;
        let highest_ts = stream.highest_ts();
        let gap = stream.count(now, packet.index, header.timestamp)?;
        let packet = AudioPacket {
            ssrc: header.ssrc,
            seq: header.sequence,
            rtp_ts: header.timestamp,
            marker: header.marker,
            claimed_level: packet.audio_level.map(|level| level.below_overload_db),
            payload,
        };
        let arrived = Arrived::new(packet, red, payload_type, gap, highest_ts);
        for copy in arrived.recovered() {
            stream.recovered(copy.seq);
        }
        self.report_at.get_or_insert(now + REPORT_EVERY);
        Some(arrived)
    }

    /// Redundant audio taken apart, Some(None) for Opus as it is; None for anything else.
    fn open<'a>(&self, payload_type: u8, payload: &'a [u8]) -> Option<Option<Red<'a>>> {
        if payload_type == self.payload_type {
            return Some(None);
        }
        if self.red != Some(payload_type) {
            return None;
        }
        let red = Red::parse(payload).ok()?;
        (red.payload_type == self.payload_type).then_some(Some(red))
    }

    /// The stream that a packet belongs to, a new one where its SSRC is new.
    fn stream(&mut self, now: Instant, packet: &RtpPacket<'_>, max: u32) -> Option<&mut Stream> {
        let ssrc = packet.header.ssrc;
        let known = self
            .stream
            .as_ref()
            .is_some_and(|stream| stream.ssrc() == ssrc);
        if !known {
            if self.ssrcs_seen >= max {
                return None;
            }
            self.ssrcs_seen += 1;
            self.stream = Some(Stream::new(now, packet));
        }
        self.stream.as_mut()
    }

    /// A sender report's time goes back in our report, so that the speaker can tell the round trip.
    pub fn on_report(&mut self, now: Instant, packet: &Packet<'_>) {
        if let (Packet::SenderReport { ssrc, info, .. }, Some(stream)) = (packet, &mut self.stream)
            && *ssrc == stream.ssrc()
        {
            stream.on_sender_report(now, info.ntp);
        }
    }

    /// Asks once for what has just been found missing.
    pub fn ask_again(&mut self, now: Instant, link: &mut Link, out: &mut impl ShardSink) {
        let own_ssrc = self.own_ssrc;
        let Some(stream) = &mut self.stream else {
            return;
        };
        if stream.missing().is_empty() {
            return;
        }
        let (media_ssrc, pairs) = (stream.ssrc(), rtcp::nack_pairs(stream.missing()));
        send(now, link, out, |buffer| {
            rtcp::write_nack(own_ssrc, media_ssrc, pairs, buffer)
        });
        stream.asked();
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

#[cfg(test)]
mod tests;
