//! Several frames in one packet, without encoding again (RFC 6716 §3.2.5).

use super::MAX_PACKET_SAMPLES;
use super::packet::frame_samples;

/// Frames of 20 ms in the longest packet that Opus allows.
pub const MAX_PACKED: usize = 6;
/// The longest payload a pack grows to: a datagram of it passes every path of the internet (RFC 8200 §5: 1,280 bytes,
/// less the headers of IPv6, UDP, RTP with its sources, and SRTP's tag).
const MAX_BYTES: usize = 1_120;
/// Packets of one frame that are no longer always fit, [`MAX_PACKED`] of them.
pub const MAX_EACH: usize = MAX_BYTES / MAX_PACKED - 2;
/// Of the two low bits of a TOC byte: an arbitrary number of frames, the count in the next byte.
const CODE_3: u8 = 3;
/// In that byte: the sizes of the frames are written out.
const VBR: u8 = 0x80;
/// A frame size that takes a second byte (§3.2.1).
const TWO_BYTES: usize = 252;

/// Packets of one frame each on their way into one packet. They share the configuration of the first.
#[derive(Debug, Default)]
pub struct Pack<'a> {
    toc: u8,
    /// Frames, without their TOC bytes; the first `count` count.
    frames: [&'a [u8]; MAX_PACKED],
    count: usize,
    /// At most so many, sizes included.
    bytes: usize,
}

impl<'a> Pack<'a> {
    /// Takes one more packet. False, and nothing is changed, when it cannot follow: it has another configuration or
    /// more than one frame, or the packet would become too long in time or bytes. The first one always can.
    pub fn push(&mut self, packet: &'a [u8]) -> bool {
        let Some((&toc, frame)) = packet.split_first() else {
            return false;
        };
        let bytes = self.bytes + 2 + frame.len();
        let follows = self.count == 0 || (toc == self.toc && toc & CODE_3 == 0);
        let lasts = (self.count + 1) * frame_samples(toc);
        let fits = self.count == 0 || (bytes <= MAX_BYTES && lasts <= MAX_PACKET_SAMPLES);
        let Some(place) = self.frames.get_mut(self.count).filter(|_| follows && fits) else {
            return false;
        };
        (*place, self.toc, self.bytes) = (frame, toc, bytes);
        self.count += 1;
        true
    }

    /// Writes the packet into `out`, replacing what was there: a single frame as it came, more in code 3.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.clear();
        match self.frames() {
            [] => {}
            [frame] => {
                out.push(self.toc);
                out.extend_from_slice(frame);
            }
            frames => write_many(self.toc, frames, out),
        }
    }

    fn frames(&self) -> &[&'a [u8]] {
        self.frames.get(..self.count).unwrap_or_default()
    }
}

/// Code 3, without padding: the sizes are written out unless all are the same.
fn write_many(toc: u8, frames: &[&[u8]], out: &mut Vec<u8>) {
    let equal = frames.windows(2).all(|pair| match pair {
        [one, next] => one.len() == next.len(),
        _ => true,
    });
    let vbr = if equal { 0 } else { VBR };
    out.push(toc | CODE_3);
    // At most MAX_PACKED.
    out.push(vbr | frames.len() as u8);
    if !equal {
        let sized = frames.len().saturating_sub(1);
        frames
            .iter()
            .take(sized)
            .for_each(|frame| write_size(frame.len(), out));
    }
    frames.iter().for_each(|frame| out.extend_from_slice(frame));
}

/// One byte, or two: the low one first, never below [`TWO_BYTES`], the other counts fours (§3.2.1).
fn write_size(size: usize, out: &mut Vec<u8>) {
    if size < TWO_BYTES {
        out.push(size as u8);
    } else {
        let low = TWO_BYTES + size % 4;
        out.push(low as u8);
        out.push(((size - low) / 4) as u8);
    }
}

#[cfg(test)]
mod tests;
