//! SRTP and SRTCP (RFC 3711) with AEAD_AES_128_GCM, AEAD_AES_256_GCM (RFC 7714) and AES128_CM_SHA1_80.
//!
//! An [`RtpSealer`] and an [`RtcpSealer`] protect what one link sends, an [`Opener`] checks and decrypts what it receives.
//! No packet index is used twice: [`Indices`] gives each away once, and the opener accepts none twice.

mod cipher;
mod counter_mode;
mod gcm;
mod indices;
mod kdf;
mod keys;
mod opener;
mod replay;
mod sealer;

pub use indices::{Index, Indices};
pub use keys::{MasterKey, Profile, SessionKeys};
pub use opener::{MAX_STREAMS, OpenError, Opener};
pub use sealer::{RtcpSealer, RtpSealer, SealError};

/// Bytes that protecting an RTP packet may add: the largest tag.
pub const MAX_RTP_OVERHEAD: usize = 16;
/// Bytes that protecting an RTCP packet may add: the largest tag and the index.
pub const MAX_RTCP_OVERHEAD: usize = 20;
/// The fixed part of an RTCP packet that stays in clear: its head and the sender's SSRC.
const RTCP_HEADER_LEN: usize = 8;
/// The word with the E flag and the 31-bit index at the end of an SRTCP packet.
const RTCP_INDEX_LEN: usize = 4;
/// The E flag: the packet is encrypted (RFC 3711 §3.4).
const RTCP_ENCRYPTED: u32 = 1 << 31;

#[cfg(test)]
mod tests;
