//! Frames as they were sent, alone or in packs: each is known by its bytes.

use std::collections::HashMap;

use super::{Delay, Ear};
use crate::lean::arrivals::{Lateness, Moment};
use crate::speech::Speech;

/// Frames of silence look alike.
const TELLING_BYTES: usize = 20;
/// The bits of a TOC byte that say how many frames there are.
const CODE: u8 = 3;

/// Where in the speech each frame stands that is unmistakable: one that stands there twice could be either.
pub(super) type Places<'a> = HashMap<&'a [u8], usize>;

pub(super) fn places(speech: &Speech) -> Places<'_> {
    let (mut places, mut twice) = (HashMap::new(), Vec::new());
    let frames = speech.frames.iter().enumerate();
    for (n, frame) in frames.filter(|(_, frame)| frame.opus.len() > TELLING_BYTES) {
        if places.insert(frame.opus.as_slice(), n).is_some() {
            twice.push(frame.opus.as_slice());
        }
    }
    places.retain(|frame, _| !twice.contains(frame));
    places
}

/// A packet with frames as they were sent.
pub(super) struct Known {
    moment: Moment,
    frames: usize,
    /// Which frame of the speech its newest one is.
    newest: usize,
}

/// None when the newest frame is none of the speech as it was sent.
pub(super) fn known(places: &Places<'_>, heard: &Ear) -> Option<Known> {
    let packet = opus::packet::parse(&heard.opus).ok()?;
    let newest = packet.frames.last()?;
    // As a packet of its own (RFC 6716 §3.1).
    let alone = [&[packet.toc & !CODE], *newest].concat();
    Some(Known {
        moment: heard.moment,
        frames: packet.frames.len(),
        newest: *places.get(alone.as_slice())?,
    })
}

/// How long these packets took; `sent_ns` says when each frame of the (repeated) speech left the speaker.
pub(super) fn forwarded(
    speech: &Speech,
    sent_ns: &[u64],
    packets: &[Known],
    lateness: &Lateness,
) -> Delay {
    let mut delay = Delay {
        forwarded: true,
        ..Delay::default()
    };
    let longest = packets.iter().map(|packet| packet.frames).max();
    for packet in packets.iter().filter(|p| Some(p.frames) == longest) {
        let Some(sent) = lateness.of(packet.moment) else {
            continue;
        };
        // Of the times this frame was said, the last one before it was heard.
        let said = sent_ns.iter().skip(packet.newest);
        let said = said.step_by(speech.frames.len());
        if let Some(&in_ns) = said.take_while(|at| **at <= sent.first_ns).last() {
            delay.note(in_ns, sent);
        }
    }
    delay
}
