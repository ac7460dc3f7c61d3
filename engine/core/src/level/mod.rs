//! How loud a packet is: as its sender claims (RFC 6464), and as decoding it says.

mod budget;
mod loudness;
mod meter;

pub use budget::DecodeBudget;
pub use loudness::Loudness;
pub use meter::{Meter, Metered};
