//! How loud a packet is: as its sender claims (RFC 6464), and as decoding it says.

mod loudness;
mod meter;

pub use loudness::Loudness;
pub use meter::{DecodeBudget, Meter, Metered};
