//! From one packet to many listeners: the hot path. What a packet needs of a listener lies in columns, one row each;
//! sending is one loop over them: number, patch, seal into the batch. Nothing is allocated, nothing is looked up.
//!
//! No (key, SSRC, index) is used for two packets: a row has one key, a line of it one SSRC, and the line's
//! [`crate::srtp::Indices`] give each index away once. What is repeated is the very same packet.

mod line;

use std::ops::Range;
use std::time::Instant;

use crate::ice::Path;
use crate::link::RetransmitRing;
use crate::room::{ParticipantKey, SLOTS};
use crate::rtp::{FIXED_HEADER_LEN, MAX_CSRCS};
use crate::shard::ShardSink;
use crate::srtp::{Index, RtpSealer};

use line::Line;

/// The line of the mix, after those of the slots.
pub const MIX: usize = SLOTS;
/// The slots and the mix.
pub const LINES: usize = SLOTS + 1;
/// The longest header that is sent.
pub const MAX_HEADER_LEN: usize = FIXED_HEADER_LEN + 4 * MAX_CSRCS;

/// A listener that can be sent to.
#[derive(Debug)]
pub struct Listener {
    /// Whose own voice is left out.
    pub who: ParticipantKey,
    /// Of Opus, in this session.
    pub payload_type: u8,
    /// The lines the session was told of; packets of others are not sent.
    pub open: Range<usize>,
    pub path: Path,
    /// RFC 7675: nothing is sent from then on.
    pub consent_until: Instant,
    pub sealer: RtpSealer,
}

/// A packet that many listeners are sent.
#[derive(Debug)]
pub struct Shared<'a> {
    /// A slot, or [`MIX`].
    pub line: usize,
    /// The room's number of it.
    pub seq: u64,
    /// A whole RTP header; payload type and sequence number become each listener's.
    pub header: &'a mut [u8],
    pub payload: &'a [u8],
}

/// A packet that a listener was sent, and may be sent again.
#[derive(Debug)]
pub struct Again<'a> {
    index: Index,
    header: &'a [u8],
    payload: &'a [u8],
    /// It was sent after later ones: the listener missed it for a while, but has not lost it.
    pub was_late: bool,
}

/// What was sent on a line so far, for a sender report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    pub packets: u32,
    pub octets: u32,
}

/// Where a listener is, and what it is to be sent.
#[derive(Debug, Clone)]
struct Target {
    path: Path,
    consent_until: Instant,
    who: ParticipantKey,
    payload_type: u8,
    open: Range<u8>,
}

/// The listeners of a shard, in columns; a row is named by its owner's key.
#[derive(Debug, Default)]
pub struct Fanout {
    targets: Vec<Option<Target>>,
    sealers: Vec<Option<RtpSealer>>,
    lines: [Vec<Line>; LINES],
    used: bool,
}

impl Fanout {
    /// Enters a listener, with fresh lines.
    pub fn enter(&mut self, key: usize, listener: Listener) {
        if self.targets.len() <= key {
            self.targets.resize(key + 1, None);
            self.sealers.resize_with(key + 1, || None);
            let grow = |line: &mut Vec<Line>| line.resize(key + 1, Line::default());
            self.lines.iter_mut().for_each(grow);
        }
        let byte = |line: usize| line.min(LINES) as u8;
        let target = Target {
            path: listener.path,
            consent_until: listener.consent_until,
            who: listener.who,
            payload_type: listener.payload_type,
            open: byte(listener.open.start)..byte(listener.open.end),
        };
        put(&mut self.targets, key, Some(target));
        put(&mut self.sealers, key, Some(listener.sealer));
        for line in &mut self.lines {
            put(line, key, Line::default());
        }
    }

    /// Takes a listener out; its key is gone with it.
    pub fn leave(&mut self, key: usize) {
        put(&mut self.targets, key, None);
        put(&mut self.sealers, key, None);
    }

    /// The listener may be sent to until then, there.
    pub fn consents(&mut self, key: usize, path: Path, until: Instant) {
        if let Some(Some(target)) = self.targets.get_mut(key) {
            (target.path, target.consent_until) = (path, until);
        }
    }

    /// The listener is no longer sent what comes on `line`. When it is again, or what comes is counted anew, its
    /// numbers go on without a gap.
    pub fn leave_line(&mut self, key: usize, line: usize) {
        if let Some(line) = self.line(key, line) {
            line.leave();
        }
    }

    /// Sends `packet` to each of `listeners` but those who are `from`.
    pub fn send(
        &mut self,
        now: Instant,
        listeners: &[usize],
        from: Option<ParticipantKey>,
        packet: &mut Shared<'_>,
        out: &mut impl ShardSink,
    ) {
        let (at, Some(lines)) = (packet.line as u8, self.lines.get_mut(packet.line)) else {
            return;
        };
        self.used = true;
        for key in listeners {
            let (Some(Some(target)), Some(Some(sealer)), Some(line)) = (
                self.targets.get(*key),
                self.sealers.get(*key),
                lines.get_mut(*key),
            ) else {
                continue;
            };
            if !target.open.contains(&at) {
                continue;
            }
            if Some(target.who) == from {
                line.leave_out(packet.seq);
            } else if now < target.consent_until
                && let Some(index) = line.claim(packet.seq)
            {
                line.count(packet.payload.len());
                patch(packet.header, target.payload_type);
                out.datagram(target.path, |buffer| {
                    sealer
                        .seal(index, packet.header, packet.payload, buffer)
                        .ok()
                });
            }
        }
    }

    /// The packet of `line` that this listener was sent under `sequence`, when it is still in `ring`, which has to be that
    /// of the packets it is sent on this line since it last left it.
    #[must_use]
    pub fn find<'a>(
        &self,
        key: usize,
        (line, ring): (usize, &'a RetransmitRing),
        sequence: u16,
    ) -> Option<Again<'a>> {
        let (index, seq) = self.lines.get(line)?.get(key)?.again(sequence)?;
        let (header, payload) = ring.get(seq)?;
        Some(Again {
            index,
            header,
            payload,
            was_late: ring.was_late(seq),
        })
    }

    /// Sends again the room's packet `seq` of `line` to each of `listeners` that was sent it since it last left the line,
    /// if it is still in `ring`; to how many.
    pub fn repeat_all(
        &mut self,
        now: Instant,
        listeners: &[usize],
        (line, ring): (usize, &RetransmitRing),
        seq: u64,
        out: &mut impl ShardSink,
    ) -> u64 {
        let Some((header, payload)) = ring.get(seq) else {
            return 0;
        };
        let mut repeated = 0;
        for key in listeners {
            let index = self.line(*key, line).and_then(|line| line.again_of(seq));
            let sent = index.is_some_and(|index| {
                let again = Again {
                    index,
                    header,
                    payload,
                    was_late: false,
                };
                self.repeat(now, *key, &again, out)
            });
            repeated += u64::from(sent);
        }
        repeated
    }

    /// Sends a listener the very same packet again; false without its consent.
    pub fn repeat(
        &self,
        now: Instant,
        key: usize,
        again: &Again<'_>,
        out: &mut impl ShardSink,
    ) -> bool {
        let &Again {
            index,
            header: shared,
            payload,
            ..
        } = again;
        let (Some(Some(target)), Some(Some(sealer))) =
            (self.targets.get(key), self.sealers.get(key))
        else {
            return false;
        };
        if now >= target.consent_until {
            return false;
        }
        let mut header = [0u8; MAX_HEADER_LEN];
        let Some(header) = header.get_mut(..shared.len()) else {
            return false;
        };
        header.copy_from_slice(shared);
        patch(header, target.payload_type);
        out.datagram(target.path, |buffer| {
            sealer.seal(index, header, payload, buffer).ok()
        });
        true
    }

    /// Packets that the listener was sent on all lines, modulo 2^32; those sent again are not counted.
    #[must_use]
    pub fn packets(&self, key: usize) -> u32 {
        let lines = self.lines.iter().filter_map(|line| line.get(key));
        lines.fold(0, |sum, line| sum.wrapping_add(line.packets()))
    }

    /// Numbers of `line`, modulo 2^32, that nothing was sent under so far: the listener misses them, but has not lost them.
    #[must_use]
    pub fn never_sent(&self, key: usize, line: usize) -> u32 {
        let line = self.lines.get(line).and_then(|line| line.get(key));
        line.map_or(0, Line::never_sent)
    }

    /// What the listener was sent on `line`, when that is more than at the last call.
    pub fn news(&mut self, key: usize, line: usize) -> Option<Sent> {
        let (packets, octets) = self.line(key, line)?.news()?;
        Some(Sent { packets, octets })
    }

    /// Rows, empty ones too: every key lies below.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.targets.len()
    }

    /// Whether anything was sent since the last [`Fanout::take_used`].
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.used
    }

    /// The same, and forgets it.
    pub fn take_used(&mut self) -> bool {
        std::mem::take(&mut self.used)
    }

    fn line(&mut self, key: usize, line: usize) -> Option<&mut Line> {
        self.lines.get_mut(line)?.get_mut(key)
    }
}

/// The payload type of an RTP header; the marker bit stays.
fn patch(header: &mut [u8], payload_type: u8) {
    if let Some(second) = header.get_mut(1) {
        *second = (*second & 0x80) | (payload_type & 0x7f);
    }
}

fn put<T>(column: &mut [T], key: usize, value: T) {
    if let Some(place) = column.get_mut(key) {
        *place = value;
    }
}
