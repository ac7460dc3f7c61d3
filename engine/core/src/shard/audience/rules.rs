//! From how many listeners on a room is packed, and how much.

use crate::room::PackSize;
use crate::shard::FloorRules;

/// Up to so many listeners three frames a packet are enough, and up to so many five: the longer the pack, the longer
/// its delay. A core sends about 200,000 packets a second, 16.7, 10 or 8.3 of them to each listener.
const FEW: usize = 1_000;
const MANY: usize = 5_000;

/// The size of a room, as far as it matters here. What has grown shrinks again only below four fifths of the bound, so
/// that somebody who comes and goes does not move everybody.
#[derive(Debug)]
pub(super) struct Crowd {
    rules: FloorRules,
    packed: bool,
    size: PackSize,
}

impl Crowd {
    pub fn new(rules: FloorRules) -> Self {
        Self {
            rules,
            packed: false,
            size: PackSize::Three,
        }
    }

    pub fn is_packed(&self) -> bool {
        self.packed
    }

    /// Whether there are so many `places` more for a listener that loses packets, where `here` are taken in this room and
    /// `all` in the shard. A room takes at most twice what it leaves to others (as in Choudhury and Hahne's dynamic
    /// thresholds for shared buffers): alone two thirds, and whatever others take there is something left.
    pub fn affords_shelter(&self, here: usize, all: usize, places: usize) -> bool {
        // As if all but the last of them were taken already.
        let others = places.saturating_sub(1);
        here + others < 2 * self.rules.sheltered.saturating_sub(all + others)
    }

    /// Frames in a pack, as they should be.
    pub fn size(&self) -> PackSize {
        match self.rules.frames {
            _ if !self.packed => PackSize::One,
            Some(fixed) => fixed,
            None => self.size,
        }
    }

    /// So many listeners are there now. True when the room became packed, or ceased to be.
    pub fn count(&mut self, listeners: usize) -> bool {
        let exceeds = |bound: usize, before: bool| {
            listeners > bound || (before && listeners * 5 >= bound * 4)
        };
        self.size = if exceeds(MANY, self.size == PackSize::Six) {
            PackSize::Six
        } else if exceeds(FEW, self.size >= PackSize::Five) {
            PackSize::Five
        } else {
            PackSize::Three
        };
        let packed = exceeds(self.rules.above, self.packed);
        std::mem::replace(&mut self.packed, packed) != packed
    }
}
