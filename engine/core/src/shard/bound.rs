//! What a shard holds only so many of.

use std::fmt;

/// A bound that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    Rooms,
    Sessions,
    SessionsInRoom,
    /// Those that have not shaken hands yet.
    SessionsOpening,
    /// The same, asked for from one address.
    SessionsOpeningPerAddress,
    /// Datagrams of handshakes.
    HandshakesWaiting,
}

impl Bound {
    /// For programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rooms => "rooms",
            Self::Sessions => "sessions",
            Self::SessionsInRoom => "sessions_in_room",
            Self::SessionsOpening => "sessions_opening",
            Self::SessionsOpeningPerAddress => "sessions_opening_per_address",
            Self::HandshakesWaiting => "handshakes_waiting",
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rooms => "rooms on this server",
            Self::Sessions => "sessions on this server",
            Self::SessionsInRoom => "sessions in this room",
            Self::SessionsOpening => "sessions being opened",
            Self::SessionsOpeningPerAddress => "sessions being opened from your address",
            Self::HandshakesWaiting => "handshakes waiting",
        })
    }
}
