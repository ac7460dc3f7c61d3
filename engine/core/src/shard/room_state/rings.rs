//! What a room can send again.

use crate::fanout::MIX;
use crate::link::RetransmitRing;
use crate::opus::MAX_PACKED;
use crate::room::{Room, SLOTS};

/// The last packets of each of the room's streams, to answer NACKs from.
pub struct Rings {
    slots: [(u32, RetransmitRing); SLOTS],
    mix: u32,
    groups: [RetransmitRing; MAX_PACKED],
}

impl Rings {
    /// Empty rings for the room's streams.
    pub(super) fn new(audio: &Room) -> Self {
        Self {
            slots: audio
                .slot_ssrcs()
                .map(|ssrc| (ssrc, RetransmitRing::default())),
            mix: audio.mix_ssrc(),
            groups: Default::default(),
        }
    }

    /// The ring of an SSRC, and which line that is. In the mix it is that of the listener's group.
    pub fn find(&self, ssrc: u32, group: u8) -> Option<(usize, &RetransmitRing)> {
        if self.mix == ssrc {
            return Some((MIX, self.groups.get(usize::from(group))?));
        }
        let at = self.slots.iter().position(|(slot, _)| *slot == ssrc)?;
        Some((at, &self.slots.get(at)?.1))
    }

    pub fn slot(&mut self, at: usize) -> Option<&mut RetransmitRing> {
        self.slots.get_mut(at).map(|(_, ring)| ring)
    }

    pub fn group(&mut self, group: u8) -> Option<&mut RetransmitRing> {
        self.groups.get_mut(usize::from(group))
    }
}
