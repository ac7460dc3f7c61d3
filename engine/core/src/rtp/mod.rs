//! RTP packets (RFC 3550 §5.1) with header extensions (RFC 8285), redundant audio (RFC 2198) and sequence arithmetic.

mod extension;
mod header;
mod red;
mod sequence;

pub use extension::{AudioLevel, ExtensionIds, Extensions};
pub use header::{FIXED_HEADER_LEN, Header, HeaderError, MAX_CSRCS, Outgoing};
pub use red::{MAX_COPIES, Red, RedCopy, RedError, write_red};
pub use sequence::{extend_sequence, is_newer, sequence_distance, time_distance};

/// Largest datagram the engine sends or accepts, in bytes: an Ethernet frame's payload.
pub const MAX_DATAGRAM_LEN: usize = 1500;
