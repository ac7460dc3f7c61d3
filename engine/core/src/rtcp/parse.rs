//! Reading RTCP: tolerant of reduced-size compounds (RFC 5506) and of packet types it does not know.

use super::nack::lost_sequences;
use super::report::{NtpTime, ReportBlock, SenderInfo, word};
use super::{
    CNAME, GENERIC_NACK, GOODBYE, RECEIVER_REPORT, SENDER_REPORT, SOURCE_DESCRIPTION,
    TRANSPORT_FEEDBACK,
};

/// One RTCP packet; lists stay in the datagram and are read through methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Packet<'a> {
    SenderReport {
        ssrc: u32,
        info: SenderInfo,
        blocks: &'a [u8],
    },
    ReceiverReport {
        ssrc: u32,
        blocks: &'a [u8],
    },
    /// The first chunk's source and its canonical name.
    SourceDescription {
        ssrc: u32,
        cname: Option<&'a [u8]>,
    },
    /// Big-endian SSRCs that leave.
    Goodbye {
        ssrcs: &'a [u8],
    },
    /// `media_ssrc` is the stream that packets of are missing; `fci` the list for [`lost_sequences`].
    Nack {
        media_ssrc: u32,
        fci: &'a [u8],
    },
    /// A type the engine has no use for.
    Other {
        packet_type: u8,
    },
}

impl<'a> Packet<'a> {
    /// The report blocks of a sender or receiver report, nothing for other packets.
    pub fn report_blocks(&self) -> impl Iterator<Item = ReportBlock> + use<'a> {
        let blocks: &'a [u8] = match *self {
            Self::SenderReport { blocks, .. } | Self::ReceiverReport { blocks, .. } => blocks,
            Self::SourceDescription { .. }
            | Self::Goodbye { .. }
            | Self::Nack { .. }
            | Self::Other { .. } => &[],
        };
        blocks
            .as_chunks::<{ ReportBlock::LEN }>()
            .0
            .iter()
            .map(ReportBlock::parse)
    }

    /// The sequence numbers a NACK names, nothing for other packets.
    pub fn lost(&self) -> impl Iterator<Item = u16> + use<'a> {
        let fci: &'a [u8] = if let Self::Nack { fci, .. } = *self {
            fci
        } else {
            &[]
        };
        lost_sequences(fci)
    }
}

/// The packets of a datagram in order. Ends silently at the first malformed one: what came before it still counts.
#[derive(Debug, Clone)]
pub struct Packets<'a> {
    rest: &'a [u8],
}

impl<'a> Packets<'a> {
    /// Reads the decrypted `datagram`, a compound or a reduced-size one.
    pub fn new(datagram: &'a [u8]) -> Self {
        Self { rest: datagram }
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Packet<'a>> {
        let [first, packet_type, l0, l1] = *self.rest.first_chunk::<4>()?;
        let len = 4 * (usize::from(u16::from_be_bytes([l0, l1])) + 1);
        let (packet, rest) = self
            .rest
            .split_at_checked(len)
            .filter(|_| first >> 6 == 2)?;
        self.rest = rest;
        let body = without_padding(packet.get(4..)?, first & 0x20 != 0)?;
        parse_body(packet_type, first & 0x1F, body)
    }
}

fn without_padding(body: &[u8], padded: bool) -> Option<&[u8]> {
    if !padded {
        return Some(body);
    }
    let padding = usize::from(*body.last()?);
    body.get(..body.len().checked_sub(padding)?)
}

/// `count` is the five-bit field whose meaning depends on the type. `None` when the body is too short for its type.
fn parse_body(packet_type: u8, count: u8, body: &[u8]) -> Option<Packet<'_>> {
    let blocks_len = ReportBlock::LEN * usize::from(count);
    Some(match packet_type {
        SENDER_REPORT => Packet::SenderReport {
            ssrc: word(body.get(..4)?, 0),
            info: sender_info(body.get(4..24)?),
            blocks: body.get(24..24 + blocks_len)?,
        },
        RECEIVER_REPORT => Packet::ReceiverReport {
            ssrc: word(body.get(..4)?, 0),
            blocks: body.get(4..4 + blocks_len)?,
        },
        SOURCE_DESCRIPTION if count > 0 => Packet::SourceDescription {
            ssrc: word(body.get(..4)?, 0),
            cname: cname(body.get(4..)?),
        },
        GOODBYE => Packet::Goodbye {
            ssrcs: body.get(..4 * usize::from(count))?,
        },
        TRANSPORT_FEEDBACK if count == GENERIC_NACK => Packet::Nack {
            media_ssrc: word(body.get(4..8)?, 0),
            fci: body.get(8..)?,
        },
        other => Packet::Other { packet_type: other },
    })
}

fn sender_info(bytes: &[u8]) -> SenderInfo {
    SenderInfo {
        ntp: NtpTime(u64::from(word(bytes, 0)) << 32 | u64::from(word(bytes, 4))),
        rtp_timestamp: word(bytes, 8),
        packet_count: word(bytes, 12),
        octet_count: word(bytes, 16),
    }
}

/// The canonical name among the items of one SDES chunk.
fn cname(mut items: &[u8]) -> Option<&[u8]> {
    loop {
        let (kind, rest) = items.split_first().filter(|(kind, _)| **kind != 0)?;
        let (len, rest) = rest.split_first()?;
        let (text, after) = rest.split_at_checked(usize::from(*len))?;
        if *kind == CNAME {
            return Some(text);
        }
        items = after;
    }
}

#[cfg(test)]
mod tests;
