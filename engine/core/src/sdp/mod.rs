//! Session descriptions as WHIP and WHEP exchange them (RFC 8866, RFC 9725, RFC 9429): an offer in, an answer out.
//!
//! Audio only: the first Opus section is taken (or all of them, where they are bundled), everything else is refused
//! with port 0. The lines are read and written by `sdp-types`; what they mean is decided here.

mod answer;
mod codecs;
mod error;
mod fragment;
mod offer;
mod section;
mod words;

#[cfg(test)]
mod tests;

pub use answer::{Answer, Direction, SentStream};
pub use error::OfferError;
pub use fragment::{Fragment, FragmentError};
pub use offer::Offer;
pub use section::{Audio, Section};
pub use words::Setup;

/// Length in bytes of the longest description that is read.
pub const MAX_LEN: usize = 64 * 1024;
/// Sections (m-lines) of the longest description that is read.
pub const MAX_SECTIONS: usize = 16;
/// Formats of the longest audio section that is read.
pub const MAX_FORMATS: usize = 64;
/// Attributes of the longest audio section that is read, or of a session.
pub const MAX_ATTRIBUTES: usize = 512;
/// Bytes of the longest word that an answer repeats: a media type, a transport, a format, an `a=mid`.
pub const MAX_WORD_LEN: usize = 64;
