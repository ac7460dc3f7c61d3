//! Palabre's engine, the part without sockets, clock or randomness: bytes and instants in, bytes and events out.
// Virtual time in a test begins at some real moment.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod jitter;
pub mod level;
pub mod mix;
pub mod ogg;
pub mod opus;
pub mod recording;
pub mod room;
pub mod slots;

mod bucket;
mod random;
