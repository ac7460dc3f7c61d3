//! What goes into a room and what comes out.

use std::time::Instant;

/// Speakers forwarded at once, each in a slot of its own: K in docs/glossary.md.
pub const SLOTS: usize = 3;

/// A participant, as the room's owner numbers it; never reused within one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParticipantKey(pub u32);

/// A recording, as the room's owner numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordingKey(pub u32);

/// One of the room's slots: 0 to [`SLOTS`] − 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotIndex(pub u8);

/// Frames of the mix in one packet, 20 ms each. The listeners of the mix form as many groups, whose turns take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackSize {
    One,
    Three,
    Five,
    Six,
}

impl PackSize {
    /// The pack of so many frames, when there is one.
    #[must_use]
    pub fn of(frames: usize) -> Option<Self> {
        let all = [Self::One, Self::Three, Self::Five, Self::Six];
        all.into_iter().find(|size| size.frames() == frames)
    }

    /// Frames in a pack; groups of listeners.
    #[must_use]
    pub fn frames(self) -> usize {
        match self {
            Self::One => 1,
            Self::Three => 3,
            Self::Five => 5,
            Self::Six => 6,
        }
    }
}

/// A phase group of the mix's listeners: 0 to [`PackSize::frames`] − 1. They all have their turn at the same tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupIndex(pub u8);

/// How good a moment is to move listeners between the slots and the mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Somebody speaks.
    Speech,
    /// Between two sentences: what flows is quiet.
    Lull,
    /// Nothing is being sent, and everybody has had everything.
    Rest,
}

/// One RTP packet of Opus as a speaker sent it, decrypted and checked against replay.
#[derive(Debug, Clone, Copy)]
pub struct AudioPacket<'a> {
    pub ssrc: u32,
    pub seq: u16,
    pub rtp_ts: u32,
    pub marker: bool,
    /// RFC 6464: 0 (loudest) to 127 (silence) in −dBov, as the sender claims it.
    pub claimed_level: Option<u8>,
    pub payload: &'a [u8],
}

/// One packet for everybody who listens to the slots, on the slot's own RTP line.
#[derive(Debug, Clone, Copy)]
pub struct SlotPacket<'a> {
    pub ssrc: u32,
    /// Never used twice. Grows, but for packets of one speaker that came out of order: they fill their own gap.
    /// The low 16 bits are the RTP sequence number, the rest is the roll-over counter.
    pub seq: u64,
    pub rtp_ts: u32,
    /// Set on the first packet of a speaker in the slot.
    pub marker: bool,
    /// Who speaks, as clients know them.
    pub csrc: u32,
    /// Who speaks, so that their own voice can be left out.
    pub from: ParticipantKey,
    pub payload: &'a [u8],
}

/// One packet of the mix, the same for everybody in a group.
#[derive(Debug, Clone, Copy)]
pub struct MixPacket<'a> {
    pub ssrc: u32,
    /// Grows by one with each packet of the group; the low 16 bits are the RTP sequence number.
    pub seq: u64,
    pub rtp_ts: u32,
    /// Set on the first packet after a pause.
    pub marker: bool,
    /// Who is heard in it, loudest first.
    pub csrcs: &'a [u32],
    pub payload: &'a [u8],
}

/// Where a room puts what it has to say. Called from within the room's methods, in order.
pub trait RoomSink {
    /// One packet to every listener of the slots but `packet.from`.
    fn slot_packet(&mut self, slot: SlotIndex, packet: &SlotPacket<'_>);
    /// One packet to every listener of a group of the mix.
    fn mix_packet(&mut self, group: GroupIndex, packet: &MixPacket<'_>);
    /// `group` has had its turn at `at`: it has had everything of the mix up to now.
    fn mix_turn(&mut self, at: Instant, group: GroupIndex, moment: Moment);
    /// Every group has had everything, and packs are of this size from now on.
    fn mix_resized(&mut self, size: PackSize);
    /// The set of those who are heard speaking changed to this one.
    fn speaking(&mut self, now_speaking: &[ParticipantKey]);
    /// `who` was not in the set and now is.
    fn started_speaking(&mut self, who: ParticipantKey);
    /// Bytes to append to the recording's file, a whole number of Ogg pages.
    fn recording_page(&mut self, recording: RecordingKey, page: &[u8]);
    /// The last page has been given; `duration_ms` is what a player will show.
    fn recording_stopped(&mut self, recording: RecordingKey, duration_ms: u64);
}
