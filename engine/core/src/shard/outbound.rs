//! What one listener is sent: on which lines, under which numbers.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::ShardSink;
use super::room_state::{Rings, RoomState};
use crate::link::Link;
use crate::room::SLOTS;
use crate::rtcp::{self, NtpTime, Packet, SenderInfo};

/// How often a listener learns which RTP time is which wall-clock time (RFC 3550, section 6.2: about five seconds).
const REPORT_EVERY: Duration = Duration::from_secs(5);
/// Packets answered for one RTCP datagram: more would let one small packet ask for a flood.
const MAX_REPEATS: usize = 32;

/// The line of the mix, after those of the slots.
pub(super) const MIX: usize = SLOTS;
/// The slots and the mix.
pub(super) const LINES: usize = SLOTS + 1;

/// A packet that many listeners are sent.
pub(super) struct Shared<'a> {
    /// The line: a slot, or [`MIX`].
    pub at: usize,
    /// The room's sequence number.
    pub seq: u64,
    pub header: &'a mut [u8],
    pub payload: &'a [u8],
}

/// A listener's streams. The packets are the room's; payload type and sequence number are the listener's own.
#[derive(Debug)]
pub(super) struct Outbound {
    payload_type: u8,
    lines: [Line; LINES],
    /// The lines the session was told of; packets of others are not sent.
    open: Range<usize>,
    report_at: Option<Instant>,
}

/// One stream as this listener sees it.
#[derive(Debug, Default, Clone, Copy)]
struct Line {
    /// The room's sequence number that comes next; 0 before the first packet.
    next: u64,
    /// What lies before was in part never sent to this listener: its own voice.
    floor: u64,
    /// Packets left out so far: the listener's sequence numbers lag behind by as much, so that it sees no gap.
    left_out: u64,
    packets: u32,
    octets: u32,
    sent_since_report: bool,
}

impl Line {
    /// The listener's number for the room's `seq`; None for what comes too late to have one.
    fn number(&mut self, seq: u64) -> Option<u16> {
        if seq < self.floor {
            return None;
        }
        self.next = self.next.max(seq + 1);
        Some(seq.wrapping_sub(self.left_out) as u16)
    }

    /// The packet is the listener's own voice: it gets none, and sees no gap.
    fn leave_out(&mut self, seq: u64) {
        if seq >= self.next {
            // Before the first packet there is nothing to keep in step with.
            if self.next != 0 {
                self.left_out += seq + 1 - self.next;
            }
            self.next = seq + 1;
            self.floor = self.next;
        }
    }

    fn count(&mut self, payload: usize) {
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(payload as u32);
        self.sent_since_report = true;
    }
}

impl Outbound {
    /// For a client with so many audio lines: one is for the mix, two or three are for slots, more are for both.
    pub fn new(payload_type: u8, audio_lines: usize) -> Self {
        let open = match audio_lines {
            0 | 1 => MIX..LINES,
            count => 0..count.min(LINES),
        };
        Self {
            payload_type,
            lines: [Line::default(); LINES],
            open,
            report_at: None,
        }
    }

    /// The lines that may be used, in the order of the client's audio lines.
    pub fn open(&self) -> Range<usize> {
        self.open.clone()
    }

    /// There is no line for a slot: all this session can hear is the mix.
    pub fn only_mix(&self) -> bool {
        self.open.start == MIX
    }

    pub fn report_at(&self) -> Option<Instant> {
        self.report_at
    }

    /// Sends one packet; payload type and sequence number are patched in its header.
    pub fn send(
        &mut self,
        now: Instant,
        packet: &mut Shared<'_>,
        link: &mut Link,
        out: &mut impl ShardSink,
    ) {
        let payload_type = self.payload_type;
        let (Some(line), Some(path)) = (self.line(packet.at), link.path()) else {
            return;
        };
        let Some(number) = line.number(packet.seq) else {
            return;
        };
        patch(packet.header, payload_type, number);
        line.count(packet.payload.len());
        out.datagram(path, |buffer| {
            link.seal_rtp(now, packet.header, packet.payload, buffer)
        });
        self.report_at.get_or_insert(now + REPORT_EVERY);
    }

    /// A packet of slot `at` is this listener's own voice.
    pub fn leave_out(&mut self, at: usize, seq: u64) {
        if let Some(line) = self.line(at) {
            line.leave_out(seq);
        }
    }

    /// Sends again what a NACK names, when it is still there.
    pub fn answer_nack(
        &mut self,
        now: Instant,
        packet: &Packet<'_>,
        rings: &Rings,
        link: &mut Link,
        out: &mut impl ShardSink,
    ) {
        let Packet::Nack { media_ssrc, .. } = packet else {
            return;
        };
        let payload_type = self.payload_type;
        let (Some((at, ring)), Some(path)) = (rings.find(*media_ssrc), link.path()) else {
            return;
        };
        let Some(line) = self.line(at).copied() else {
            return;
        };
        for number in packet.lost().take(MAX_REPEATS) {
            let seq = number.wrapping_add(line.left_out as u16);
            // Distance back from the newest; beyond the floor the numbers meant other packets.
            let back = (line.next as u16).wrapping_sub(seq);
            if u64::from(back) > line.next - line.floor {
                continue;
            }
            let Some((header, payload)) = ring.get(seq) else {
                continue;
            };
            let mut own = [0u8; 12 + 4 * crate::rtp::MAX_CSRCS];
            let Some(own) = own.get_mut(..header.len()) else {
                continue;
            };
            own.copy_from_slice(header);
            patch(own, payload_type, number);
            out.datagram(path, |buffer| link.repeat_rtp(now, own, payload, buffer));
        }
    }

    /// A sender report for every stream that was used since the last one.
    pub fn report(
        &mut self,
        now: Instant,
        ntp: NtpTime,
        state: &RoomState,
        link: &mut Link,
        out: &mut impl ShardSink,
    ) {
        if self.report_at.is_none_or(|at| at > now) {
            return;
        }
        self.report_at = None;
        let Some(path) = link.path() else {
            return;
        };
        for at in self.open() {
            let Some(line) = self.line(at).filter(|line| line.sent_since_report) else {
                continue;
            };
            line.sent_since_report = false;
            let info = SenderInfo {
                ntp,
                rtp_timestamp: state.rtp_time(at, now),
                packet_count: line.packets,
                octet_count: line.octets,
            };
            let ssrc = state.ssrc(at);
            out.datagram(path, |buffer| {
                let len = write_report(ssrc, &info, state.cname(), buffer)?;
                link.seal_rtcp(now, len, buffer)
            });
        }
    }

    fn line(&mut self, at: usize) -> Option<&mut Line> {
        self.open
            .contains(&at)
            .then(|| self.lines.get_mut(at))
            .flatten()
    }
}

/// Payload type and sequence number of an RTP header; the marker bit stays.
fn patch(header: &mut [u8], payload_type: u8, number: u16) {
    if let Some([_, second, high, low]) = header.first_chunk_mut::<4>() {
        *second = (*second & 0x80) | (payload_type & 0x7f);
        [*high, *low] = number.to_be_bytes();
    }
}

fn write_report(ssrc: u32, info: &SenderInfo, cname: &str, out: &mut [u8]) -> Option<usize> {
    let report = rtcp::write_sender_report(ssrc, info, &[], out)?;
    let rest = out.get_mut(report..)?;
    Some(report + rtcp::write_source_description(ssrc, cname.as_bytes(), rest)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_voice_leaves_no_gap_in_the_numbers() {
        let mut line = Line::default();
        assert_eq!(line.number(100), Some(100));
        // 101 was lost on its way to us, within the own voice: nobody is to ask for it.
        line.leave_out(102);
        assert_eq!(line.number(103), Some(101));
        line.leave_out(104);
        assert_eq!(line.number(105), Some(102));
    }

    #[test]
    fn a_late_packet_from_before_the_own_voice_has_no_number() {
        let mut line = Line::default();
        line.number(100);
        line.leave_out(102);
        line.number(103);
        assert_eq!(line.number(101), None);
    }

    #[test]
    fn numbers_wrap() {
        let mut line = Line::default();
        assert_eq!(line.number(65_535), Some(65_535));
        line.leave_out(65_536);
        assert_eq!(line.number(65_537), Some(0));
    }

    #[test]
    fn only_payload_type_and_number_are_patched() {
        let mut header = [0x81, 0x80 | 111, 0, 1, 9, 9];
        patch(&mut header, 96, 0x0203);
        assert_eq!(header, [0x81, 0x80 | 96, 2, 3, 9, 9]);
    }
}
