//! The last frames of the mix, for the groups whose turn is still to come.

use super::ParticipantKey;
use crate::mix::MAX_MIXED;
use crate::opus::MAX_PACKED;
use crate::rtp::MAX_CSRCS;

/// Where a frame belongs on the line of the mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub tick: u64,
    pub rtp_ts: u32,
}

/// A frame as it comes to the line.
#[derive(Debug)]
pub(super) struct Sound<'a> {
    /// An Opus packet of one frame.
    pub payload: &'a [u8],
    /// Who is heard in it, loudest first.
    pub csrcs: &'a [u32],
    /// Whose own frame it is; None when the mixer made it.
    pub voice: Option<ParticipantKey>,
}

/// One frame with sound.
#[derive(Debug)]
pub(super) struct Frame {
    /// The tick it is of; 0 while the place is empty.
    tick: u64,
    pub rtp_ts: u32,
    /// The first one after a pause.
    pub marker: bool,
    /// Who is heard in it, loudest first.
    csrcs: Vec<u32>,
    /// Whose own frame it is; None when the mixer made it.
    pub voice: Option<ParticipantKey>,
    /// An Opus packet of one frame.
    pub payload: Vec<u8>,
}

/// As many frames as a pack may hold. Buffers are reused: keeping one allocates nothing.
#[derive(Debug)]
pub(super) struct History([Frame; MAX_PACKED]);

impl Default for History {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Frame {
            tick: 0,
            rtp_ts: 0,
            marker: false,
            csrcs: Vec::with_capacity(MAX_MIXED),
            voice: None,
            payload: Vec::new(),
        }))
    }
}

impl History {
    /// Keeps a frame; the one [`MAX_PACKED`] ticks older is forgotten.
    pub fn keep(&mut self, at: Place, marker: bool, sound: &Sound<'_>) {
        if let Some(frame) = self.0.get_mut(place(at.tick)) {
            (frame.tick, frame.rtp_ts, frame.marker) = (at.tick, at.rtp_ts, marker);
            frame.voice = sound.voice;
            frame.csrcs.clear();
            frame.csrcs.extend_from_slice(sound.csrcs);
            frame.payload.clear();
            frame.payload.extend_from_slice(sound.payload);
        }
    }

    /// Forgets the frames that are `who`'s own.
    pub fn forget(&mut self, who: ParticipantKey) {
        let own = |frame: &&mut Frame| frame.voice == Some(who);
        self.0.iter_mut().filter(own).for_each(|frame| {
            (frame.tick, frame.voice) = (0, None);
        });
    }

    /// The frame of a tick; None when it was silent, or is forgotten.
    pub fn at(&self, tick: u64) -> Option<&Frame> {
        self.0.get(place(tick)).filter(|frame| frame.tick == tick)
    }

    /// Everybody who is heard in the frames `first..=last`, loudest first, as far as a header can name them.
    pub fn heard(&self, first: u64, last: u64, csrcs: &mut Vec<u32>) {
        csrcs.clear();
        for rank in 0..MAX_MIXED {
            // The newest order counts: it is what will be true for longest.
            let of_rank = (first..=last)
                .rev()
                .filter_map(|tick| self.at(tick)?.csrcs.get(rank));
            for csrc in of_rank {
                if csrcs.len() < MAX_CSRCS && !csrcs.contains(csrc) {
                    csrcs.push(*csrc);
                }
            }
        }
    }
}

fn place(tick: u64) -> usize {
    (tick % MAX_PACKED as u64) as usize
}
