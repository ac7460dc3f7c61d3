//! What a packet brings: its own sound, and what it repeats of packets that are missing.

use crate::room::AudioPacket;
use crate::rtp::{Red, RedCopy};

/// The sound in one packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrived<'a> {
    packet: AudioPacket<'a>,
    red: Option<Red<'a>>,
    payload_type: u8,
    /// Packets missing just before it.
    gap: u64,
    /// Timestamp of the newest packet before it.
    after: u32,
}

impl<'a> Arrived<'a> {
    pub fn new(
        packet: AudioPacket<'a>,
        red: Option<Red<'a>>,
        payload_type: u8,
        gap: u64,
        after: u32,
    ) -> Self {
        Self {
            packet,
            red,
            payload_type,
            gap,
            after,
        }
    }

    /// Everything new in it, in the order in which it was sent.
    pub fn packets(&self) -> impl Iterator<Item = AudioPacket<'a>> {
        self.recovered().chain([self.packet])
    }

    /// The missing packets that it carries copies of. A copy does not say which packet it was: the last one was the
    /// packet before this, as all who send them do it; one that is not newer than what came before is left alone.
    pub fn recovered(&self) -> impl Iterator<Item = AudioPacket<'a>> {
        let Self { packet, gap, .. } = *self;
        let copies = self.red.into_iter().flat_map(|red| {
            let count = red.copies().len();
            let back = (1..=count).rev();
            back.zip(red.copies())
        });
        let wanted = self.wanted();
        copies
            .filter(move |(back, copy)| *back as u64 <= gap && wanted(copy))
            .map(move |(back, copy)| AudioPacket {
                seq: packet.seq.wrapping_sub(back as u16),
                rtp_ts: packet.rtp_ts.wrapping_sub(copy.offset),
                marker: false,
                payload: copy.payload,
                // The level is this packet's; the one before was as loud, or nearly.
                ..packet
            })
    }

    fn wanted(&self) -> impl Fn(&RedCopy<'a>) -> bool + use<'a> {
        let (payload_type, since) = (
            self.payload_type,
            self.packet.rtp_ts.wrapping_sub(self.after),
        );
        move |copy| {
            copy.payload_type == payload_type
                && !copy.payload.is_empty()
                && (1..since).contains(&copy.offset)
        }
    }
}
