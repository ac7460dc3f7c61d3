//! A room's audio: who is loud enough is forwarded in slots, everybody loud is in the mix, the mix is recorded.
//!
//! Sans-I/O: packets and instants in, packets and facts out through [`RoomSink`].

mod types;

pub use types::{
    AudioPacket, MixPacket, ParticipantKey, RecordingKey, RoomSink, SLOTS, SlotIndex, SlotPacket,
};
