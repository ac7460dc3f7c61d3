//! The mix's buffer in front of each decoder: packets in as the network brings them, steps for the decoder out,
//! one after the other. Nothing forwarded in a slot waits here.

mod buffer;
mod delay;
mod stream;

pub use buffer::{JitterBuffer, Step};
pub use delay::{Delay, MAX_DELAY, MIN_DELAY};
