//! Writing RTCP. Every function writes one packet at the start of `out` and returns its length in bytes, so that a
//! compound is a sequence of calls; `None` means that `out` is too small or a list too long.

use super::report::{ReportBlock, SenderInfo};
use super::{
    CNAME, GENERIC_NACK, GOODBYE, RECEIVER_REPORT, SENDER_REPORT, SOURCE_DESCRIPTION,
    TRANSPORT_FEEDBACK,
};

/// The count of report blocks is a five-bit field.
pub const MAX_REPORT_BLOCKS: usize = 31;

/// A sender report (RFC 3550 §6.4.1).
pub fn write_sender_report(
    ssrc: u32,
    info: &SenderInfo,
    blocks: &[ReportBlock],
    out: &mut [u8],
) -> Option<usize> {
    let count = block_count(blocks)?;
    packet(
        SENDER_REPORT,
        count,
        24 + ReportBlock::LEN * blocks.len(),
        out,
        |body| {
            body.put(&ssrc.to_be_bytes());
            body.put(&info.ntp.0.to_be_bytes());
            for word in [info.rtp_timestamp, info.packet_count, info.octet_count] {
                body.put(&word.to_be_bytes());
            }
            blocks.iter().for_each(|block| body.put(&block.to_bytes()));
        },
    )
}

/// A receiver report (RFC 3550 §6.4.2).
pub fn write_receiver_report(ssrc: u32, blocks: &[ReportBlock], out: &mut [u8]) -> Option<usize> {
    let count = block_count(blocks)?;
    packet(
        RECEIVER_REPORT,
        count,
        4 + ReportBlock::LEN * blocks.len(),
        out,
        |body| {
            body.put(&ssrc.to_be_bytes());
            blocks.iter().for_each(|block| body.put(&block.to_bytes()));
        },
    )
}

/// A source description with the canonical name alone (RFC 3550 §6.5.1); `cname` has at most 255 bytes.
pub fn write_source_description(ssrc: u32, cname: &[u8], out: &mut [u8]) -> Option<usize> {
    let len = u8::try_from(cname.len()).ok()?;
    // SSRC, item head and text, then at least one zero up to the next word.
    let body_len = (4 + 2 + cname.len() + 1).next_multiple_of(4);
    packet(SOURCE_DESCRIPTION, 1, body_len, out, |body| {
        body.put(&ssrc.to_be_bytes());
        body.put(&[CNAME, len]);
        body.put(cname);
    })
}

/// A goodbye of one source (RFC 3550 §6.6).
pub fn write_bye(ssrc: u32, out: &mut [u8]) -> Option<usize> {
    packet(GOODBYE, 1, 4, out, |body| body.put(&ssrc.to_be_bytes()))
}

/// A generic NACK (RFC 4585 §6.2.1) for packets of `media_ssrc`; `pairs` as made by [`super::nack_pairs`].
pub fn write_nack(
    sender_ssrc: u32,
    media_ssrc: u32,
    pairs: impl Iterator<Item = (u16, u16)> + Clone,
    out: &mut [u8],
) -> Option<usize> {
    packet(
        TRANSPORT_FEEDBACK,
        GENERIC_NACK,
        8 + 4 * pairs.clone().count(),
        out,
        |body| {
            body.put(&sender_ssrc.to_be_bytes());
            body.put(&media_ssrc.to_be_bytes());
            for (first, mask) in pairs {
                body.put(&first.to_be_bytes());
                body.put(&mask.to_be_bytes());
            }
        },
    )
}

fn block_count(blocks: &[ReportBlock]) -> Option<u8> {
    u8::try_from(blocks.len())
        .ok()
        .filter(|count| usize::from(*count) <= MAX_REPORT_BLOCKS)
}

/// A packet with a zeroed body of `body_len` bytes that `fill` writes into.
fn packet(
    kind: u8,
    count: u8,
    body_len: usize,
    out: &mut [u8],
    fill: impl FnOnce(&mut Body<'_>),
) -> Option<usize> {
    let total = 4 + body_len;
    let (head, body) = out.get_mut(..total)?.split_first_chunk_mut::<4>()?;
    let [l0, l1] = u16::try_from(total / 4 - 1).ok()?.to_be_bytes();
    *head = [0x80 | count, kind, l0, l1];
    body.fill(0);
    fill(&mut Body { rest: body });
    Some(total)
}

/// The not yet written part of a body whose length the caller has computed.
struct Body<'a> {
    rest: &'a mut [u8],
}

impl Body<'_> {
    fn put(&mut self, bytes: &[u8]) {
        let taken = std::mem::take(&mut self.rest);
        if let Some((here, rest)) = taken.split_at_mut_checked(bytes.len()) {
            here.copy_from_slice(bytes);
            self.rest = rest;
        }
    }
}
