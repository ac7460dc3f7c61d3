//! Opus (RFC 6716): what a packet says of itself, and the codec's own library behind a small safe face.

mod codec;
mod pack;
mod packet;

use std::time::Duration;

pub use codec::{Decoder, Encoder};
pub use pack::{MAX_EACH, MAX_PACKED, Pack};
pub use packet::{Mode, PacketError, PacketInfo, inspect};

/// Samples per second of everything the room decodes, mixes and encodes, and the RTP clock of Opus (RFC 7587 §4.1).
pub const SAMPLE_RATE: u32 = 48_000;
/// Samples in one 20 ms frame, the tick of the mix.
pub const FRAME_SAMPLES: usize = 960;
/// Samples in the longest packet Opus allows, 120 ms (RFC 6716 §3.2.5, rule R5).
pub const MAX_PACKET_SAMPLES: usize = 5_760;
/// Bytes in the longest frame Opus allows (RFC 6716 §3.4, rule R2).
pub const MAX_FRAME_BYTES: usize = 1_275;
/// 20 ms of digital silence, mono, full band: CELT's silence flag and nothing else.
pub const SILENT_FRAME: [u8; 3] = [0xf8, 0xff, 0xfe];

/// Samples at 48 kHz within a time.
#[must_use]
pub(crate) fn samples_within(time: Duration) -> u64 {
    // Exact: 48 samples are one millisecond.
    (time.as_nanos() * u128::from(SAMPLE_RATE) / 1_000_000_000) as u64
}
