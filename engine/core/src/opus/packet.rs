//! What a packet says of itself before anything decodes it (RFC 6716 §3).

use super::{MAX_FRAME_BYTES, MAX_PACKET_SAMPLES};

/// The coder behind a packet (RFC 6716 §3.1, table 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Silk,
    Hybrid,
    Celt,
}

/// The facts of one well-formed packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketInfo {
    pub mode: Mode,
    pub stereo: bool,
    /// 1..=48 (RFC 6716 §3.2.5).
    pub frames: usize,
    /// Samples per channel at 48 kHz, whole packet; at most [`MAX_PACKET_SAMPLES`].
    pub samples: usize,
    /// True when every frame holds at most one byte: the sender's pause (RFC 7587 §3.1.3), no sound to hear.
    pub pause: bool,
}

/// Why bytes are not an Opus packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    #[error("an Opus packet has at least one byte (R1)")]
    Empty,
    #[error("a frame of {bytes} bytes is longer than 1275 (R2)")]
    FrameTooLong { bytes: usize },
    #[error("two equal frames cannot share {bytes} bytes (R3)")]
    OddLength { bytes: usize },
    #[error("the packet ends before its {what}")]
    Truncated { what: &'static str },
    #[error("{samples} samples are not within 1 to 5760 (R5)")]
    BadDuration { samples: usize },
    #[error("constant-size frames do not divide {bytes} bytes (R6)")]
    Uneven { bytes: usize },
}

/// Reads the TOC byte and the frame lengths of `packet`. Never panics, whatever the bytes.
///
/// # Errors
/// [`PacketError`] when one of the rules R1 to R7 of RFC 6716 §3.4 is broken.
pub fn inspect(packet: &[u8]) -> Result<PacketInfo, PacketError> {
    let (&toc, rest) = packet.split_first().ok_or(PacketError::Empty)?;
    let (frames, longest) = match toc & 3 {
        0 => (1, rest.len()),
        1 => (2, halves(rest)?),
        2 => (2, pair(rest)?),
        _ => many(rest)?,
    };
    if longest > MAX_FRAME_BYTES {
        return Err(PacketError::FrameTooLong { bytes: longest });
    }
    let samples = frames * frame_samples(toc);
    if samples == 0 || samples > MAX_PACKET_SAMPLES {
        return Err(PacketError::BadDuration { samples });
    }
    Ok(PacketInfo {
        mode: mode(toc),
        stereo: toc & 4 != 0,
        frames,
        samples,
        pause: longest <= 1,
    })
}

/// RFC 6716 §3.1, table 2.
fn mode(toc: u8) -> Mode {
    match toc >> 3 {
        0..=11 => Mode::Silk,
        12..=15 => Mode::Hybrid,
        _ => Mode::Celt,
    }
}

/// Samples of one frame at 48 kHz (RFC 6716 §3.1, table 2).
pub(super) fn frame_samples(toc: u8) -> usize {
    let step = usize::from((toc >> 3) & 3);
    match mode(toc) {
        Mode::Silk => [480, 960, 1_920, 2_880][step],
        Mode::Hybrid => [480, 960][step & 1],
        Mode::Celt => [120, 240, 480, 960][step],
    }
}

/// Code 1: two frames of equal size (§3.2.3). The length of each.
fn halves(rest: &[u8]) -> Result<usize, PacketError> {
    if rest.len().is_multiple_of(2) {
        Ok(rest.len() / 2)
    } else {
        Err(PacketError::OddLength { bytes: rest.len() })
    }
}

/// Code 2: two frames, the first one's length written (§3.2.4). The longer of the two.
fn pair(rest: &[u8]) -> Result<usize, PacketError> {
    let (first, after) = length(rest)?;
    let second = after
        .len()
        .checked_sub(first)
        .ok_or(PacketError::Truncated {
            what: "first frame",
        })?;
    Ok(first.max(second))
}

/// Code 3: a count, padding, and frames of equal or written size (§3.2.5). (Count, longest.)
fn many(rest: &[u8]) -> Result<(usize, usize), PacketError> {
    let (&head, mut rest) = rest.split_first().ok_or(PacketError::Truncated {
        what: "frame count",
    })?;
    let frames = usize::from(head & 0x3f);
    if frames == 0 || frames > 48 {
        return Err(PacketError::BadDuration { samples: 0 });
    }
    if head & 0x40 != 0 {
        rest = without_padding(rest)?;
    }
    let longest = if head & 0x80 != 0 {
        written_sizes(rest, frames)?
    } else {
        equal_sizes(rest, frames)?
    };
    Ok((frames, longest))
}

fn equal_sizes(rest: &[u8], frames: usize) -> Result<usize, PacketError> {
    if rest.len().is_multiple_of(frames) {
        Ok(rest.len() / frames)
    } else {
        Err(PacketError::Uneven { bytes: rest.len() })
    }
}

fn written_sizes(mut rest: &[u8], frames: usize) -> Result<usize, PacketError> {
    let (mut longest, mut sum) = (0, 0);
    for _ in 1..frames {
        let (size, after) = length(rest)?;
        (longest, sum, rest) = (longest.max(size), sum + size, after);
    }
    let last = rest
        .len()
        .checked_sub(sum)
        .ok_or(PacketError::Truncated { what: "last frame" })?;
    Ok(longest.max(last))
}

/// Cuts the padding off the end: its length stands at the front, 255 meaning 254 and another byte (§3.2.5).
fn without_padding(mut rest: &[u8]) -> Result<&[u8], PacketError> {
    let mut padding = 0;
    loop {
        let (&byte, after) = rest.split_first().ok_or(PacketError::Truncated {
            what: "padding length",
        })?;
        rest = after;
        if byte < 255 {
            padding += usize::from(byte);
            break;
        }
        padding += 254;
    }
    let kept = rest
        .len()
        .checked_sub(padding)
        .ok_or(PacketError::Truncated { what: "padding" })?;
    rest.get(..kept)
        .ok_or(PacketError::Truncated { what: "padding" })
}

/// One or two bytes of frame length (§3.2.1), and what follows.
fn length(bytes: &[u8]) -> Result<(usize, &[u8]), PacketError> {
    match bytes {
        [first @ 0..=251, rest @ ..] => Ok((usize::from(*first), rest)),
        [first, second, rest @ ..] => Ok((usize::from(*second) * 4 + usize::from(*first), rest)),
        [] | [_] => Err(PacketError::Truncated {
            what: "frame length",
        }),
    }
}

#[cfg(test)]
mod tests;
