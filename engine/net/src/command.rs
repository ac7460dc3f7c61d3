//! What a shard thread is asked to do.

use std::net::SocketAddr;
use std::path::PathBuf;

use palabre_core::ice::IceCredentials;
use palabre_core::shard::{
    Accepted, Door, Offered, ParticipantId, RecordingId, Refusal, Restarted, RoomId, SessionId,
};

use crate::routes::Standing;
use crate::udp::Arrival;

/// Called on the shard's thread with the answer; it must not block.
pub type Reply<T> = Box<dyn FnOnce(Result<T, Refusal>) + Send>;

/// One wish; those of one room are carried out in order.
pub enum Command {
    OpenRoom {
        room: RoomId,
    },
    CloseRoom {
        room: RoomId,
    },
    Admit {
        room: RoomId,
        participant: ParticipantId,
        csrc: u32,
        may_speak: bool,
    },
    Remove {
        room: RoomId,
        participant: ParticipantId,
    },
    Connect {
        room: RoomId,
        participant: ParticipantId,
        door: Door,
        offered: Box<Offered>,
        reply: Reply<Accepted>,
    },
    /// Whether there is such a session.
    Find {
        session: SessionId,
        reply: Reply<()>,
    },
    RestartIce {
        session: SessionId,
        /// The engine's ufrag the peer believes to be current; None for any.
        ufrag: Option<String>,
        remote: IceCredentials,
        reply: Reply<Option<Restarted>>,
    },
    Disconnect {
        session: SessionId,
        reply: Reply<()>,
    },
    StartRecording {
        room: RoomId,
        recording: RecordingId,
        /// For the file's tags.
        title: String,
        path: PathBuf,
    },
    StopRecording {
        room: RoomId,
        recording: RecordingId,
    },
    /// A datagram that reached another shard's socket.
    Datagram {
        arrival: Arrival,
        /// Of the door's [`crate::parcels::Parcels`], to which they go back.
        bytes: Vec<u8>,
        /// The shard whose socket it was.
        came_to: u8,
    },
    /// A link of shard `owner` was heard, authentically, at this address, whose datagrams come to your socket.
    Elsewhere {
        remote: SocketAddr,
        owner: u8,
        standing: Standing,
    },
    Stop,
}
