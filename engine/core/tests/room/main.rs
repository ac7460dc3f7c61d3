//! A room's audio in virtual time, with real recorded speech.

mod bench;
mod direct;
mod ear;
mod likeness;
mod long_silence;
mod mixing;
mod network;
mod packing;
mod properties;
mod recording;
mod selection;
mod speech;
