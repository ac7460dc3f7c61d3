//! RTP packets (RFC 3550 §5.1) with header extensions (RFC 8285) and sequence arithmetic.

mod extension;
mod header;
mod sequence;

pub use extension::{AudioLevel, ExtensionIds, Extensions};
pub use header::{FIXED_HEADER_LEN, Header, HeaderError, MAX_CSRCS, Outgoing};
pub use sequence::{extend_sequence, is_newer, sequence_distance};

/// Largest datagram the engine sends or accepts, in bytes: an Ethernet frame's payload.
pub const MAX_DATAGRAM_LEN: usize = 1500;
