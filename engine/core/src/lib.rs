//! Palabre's engine, the part without sockets, clock or randomness: bytes and instants in, bytes and events out.
// Virtual time in a test begins at some real moment.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod dtls;
pub mod fanout;
pub mod ice;
pub mod jitter;
pub mod level;
pub mod link;
pub mod mix;
pub mod network;
pub mod ogg;
pub mod opus;
pub mod recording;
pub mod room;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
pub mod shard;
pub mod slots;
pub mod srtp;
pub mod stun;

mod bucket;
mod random;
