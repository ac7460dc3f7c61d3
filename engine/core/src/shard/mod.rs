//! Links and rooms together: what one thread of the engine owns.

mod ids;

pub use ids::{Door, ParticipantId, RecordingId, RoomId};
