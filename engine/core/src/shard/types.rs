//! What goes into a shard and what comes out.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::{Bound, Door, ParticipantId, RecordingId, RoomId};
use crate::dtls::{DtlsRole, Fingerprint};
use crate::ice::{IceCredentials, Path};
use crate::link::{CloseReason, Transmit};
use crate::room::PackSize;
use crate::rtp::ExtensionIds;
use crate::sdp::Section;

/// Fills a buffer with bytes nobody can guess.
pub type Entropy = Box<dyn FnMut(&mut [u8]) + Send>;
/// The time since 1970-01-01 UTC at an instant, for sender reports.
pub type NtpClock = Box<dyn Fn(Instant) -> Duration + Send>;

/// Bounds on what one shard carries, and how. What would go beyond is refused with [`Refusal::Full`].
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub links: usize,
    pub links_per_room: usize,
    /// Links that have not shaken hands yet.
    pub half_open: usize,
    /// The same, heard from one IP address; many people may share one. Beyond it a peer's checks are not answered until
    /// others have shaken hands.
    pub half_open_per_address: usize,
    /// The same, asked for over HTTP from one IP address, whether a datagram ever came or not.
    pub asked_per_address: usize,
    /// While more are half-open, a handshake begins with a cookie.
    pub half_open_without_cookie: usize,
    pub rooms: usize,
    /// No new listeners while most of what is due is served so much after its time; None: whatever happens.
    pub late: Option<Duration>,
    /// SSRCs one speaker may use, one after the other, in one session.
    pub ssrcs_per_link: u32,
    pub floor: FloorRules,
}

/// Who hears the server's mix instead of the speakers in their slots.
#[derive(Debug, Clone, Copy)]
pub struct FloorRules {
    /// Rooms with more listeners than this are packed: whoever may not speak there hears the mix.
    pub above: usize,
    /// Frames of the mix in a packet of a packed room; by the room's size when None.
    pub frames: Option<PackSize>,
    /// So many of a shard's listeners at most may hear the slots of packed rooms because they lose packets; half as many
    /// may be sent everything twice.
    pub sheltered: usize,
}

impl Default for FloorRules {
    fn default() -> Self {
        Self {
            above: 50,
            frames: None,
            // 30,000 packets a second while one speaks in each room, about an eighth of what a core sends.
            sheltered: 600,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            links: 50_000,
            links_per_room: 20_000,
            half_open: 5_000,
            half_open_per_address: 256,
            // Ten addresses fill the server, not two; and twice what is answered at once, so that a crowd behind one
            // address loses no time.
            asked_per_address: 512,
            half_open_without_cookie: 1_024,
            rooms: 10_000,
            // A frame: sound that leaves so late is behind the next.
            late: Some(Duration::from_millis(20)),
            ssrcs_per_link: 16,
            floor: FloorRules::default(),
        }
    }
}

/// The secret name of one WHIP or WHEP session: 128 random bits as 32 hexadecimal digits after the shard's two.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionId(String);

impl SessionId {
    /// Length in characters.
    const LEN: usize = 34;

    pub(super) fn new(shard: u8, random: [u8; 16]) -> Self {
        Self(format!("{shard:02x}{:032x}", u128::from_be_bytes(random)))
    }

    /// Takes what stands in an address; None when no session can have that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        (text.len() == Self::LEN && hexadecimal).then(|| Self(text.to_owned()))
    }

    /// The shard that owns the session.
    #[must_use]
    pub fn shard(&self) -> u8 {
        self.0
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .unwrap_or(0)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a client's offer asks for.
#[derive(Debug, Clone)]
pub struct Offered {
    /// Who asked, over HTTP: sessions that are being opened are counted by it.
    pub asked_from: IpAddr,
    pub remote: IceCredentials,
    pub fingerprint: Fingerprint,
    /// The engine's own role.
    pub dtls_role: DtlsRole,
    pub extensions: ExtensionIds,
    /// Of Opus.
    pub payload_type: u8,
    /// Of redundant audio that carries it, where the client may send that.
    pub red: Option<u8>,
    /// Audio m-lines to fill. WHEP: one is the mix, two or three are slots, four are the slots and the mix.
    pub audio_lines: usize,
    /// The section that carries the bundle.
    pub section: Section,
}

/// What the answer has to say.
#[derive(Debug, Clone)]
pub struct Accepted {
    pub session: SessionId,
    pub local: IceCredentials,
    /// SSRCs of the streams the engine sends, one for each audio line that is filled; none for WHIP.
    pub ssrcs: Vec<u32>,
    /// Random for the room; says nothing of anybody.
    pub cname: String,
}

/// The credentials of a new ICE generation.
#[derive(Debug, Clone)]
pub struct Restarted {
    pub local: IceCredentials,
    /// The offer's section that carries the bundle.
    pub section: Section,
}

/// What a shard has done for, and kept from, those who listen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Datagrams of RTP and RTCP that were not opened.
    pub reports_ignored: u64,
    /// Packets sent again, and those that were asked for beyond the budget.
    pub repeated: u64,
    pub repeats_refused: u64,
    /// Packets of speakers that were not forwarded, having waited for too long.
    pub stale: u64,
}

/// Why a wish is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    #[error("This room is not live, or you are not in it any more. Join it again.")]
    NotInRoom,
    #[error("You may not speak here. Raise your hand and wait to be allowed.")]
    NotAllowedToSpeak,
    #[error("There are {limit} {what} already. Try again later.")]
    Full { what: Bound, limit: usize },
    #[error("Sound reaches those who listen already more than {ms} ms late. Try again later.")]
    Late { ms: usize },
    #[error("This session is over. Open a new one.")]
    NoSession,
    #[error("The session has had an ICE restart since. Ask with the newest ETag.")]
    OtherGeneration,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShardEvent {
    Connected {
        room: RoomId,
        participant: ParticipantId,
        door: Door,
    },
    Disconnected {
        room: RoomId,
        participant: ParticipantId,
        door: Door,
        reason: &'static str,
    },
    StartedSpeaking {
        room: RoomId,
        participant: ParticipantId,
    },
    /// The whole set of those who are heard.
    Speaking {
        room: RoomId,
        participants: Vec<ParticipantId>,
    },
    /// The last page of the recording has been given.
    RecordingStopped {
        room: RoomId,
        recording: RecordingId,
        duration_ms: u64,
    },
}

/// Where a shard puts what it has to say.
pub trait ShardSink: Transmit {
    /// One datagram, written by `fill` straight into the batch; nothing is sent when it returns None.
    fn datagram(&mut self, path: Path, fill: impl FnOnce(&mut [u8]) -> Option<usize>);
    fn event(&mut self, event: ShardEvent);
    /// Bytes to append to a recording's file.
    fn recording_page(&mut self, room: &RoomId, recording: &RecordingId, page: &[u8]);
}

/// The word Python and the logs get for the end of a link.
pub(super) fn word(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::NoConnectivity => "no_connectivity",
        CloseReason::HandshakeTimeout => "handshake_timeout",
        CloseReason::HandshakeFailed => "handshake_failed",
        CloseReason::WrongFingerprint => "wrong_fingerprint",
        CloseReason::ConsentExpired => "consent_expired",
        CloseReason::Remote => "closed",
        CloseReason::Local => "ended",
    }
}
