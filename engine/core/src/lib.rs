//! Palabre's engine, the part without sockets, clock or randomness: bytes and instants in, bytes and events out.

pub mod opus;
pub mod room;
