//! Ogg Opus files (RFC 3533, RFC 7845): written page by page, read up to where they were torn.

mod crc;
mod page;
mod reader;
mod writer;

pub use reader::{OggError, Reader, repair};
pub use writer::{Head, Writer};
