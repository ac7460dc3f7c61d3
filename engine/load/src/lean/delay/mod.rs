//! From a speaker's packet into the server to the last listener's packet out of it.
//!
//! Which of the speaker's frames a packet carries is found out by listening: by the frames themselves where they come as
//! they were sent, else by laying what was decoded over what was said. Of a pack the newest frame counts, so that the
//! time the others waited for it, the packing, is left out. Where frames come as they were sent, only the longest packs
//! count: in a shorter one, which ended with a word or where the codec changed its mode, the newest frame too has waited
//! for the turn of its listeners.

mod forwarded;
mod mixed;

use super::arrivals::{Lateness, Moment, Sent};
use crate::LoadError;
use crate::speech::Speech;
use forwarded::{Known, Places, forwarded, known, places};
use mixed::mixed;

/// A packet as one of the first listeners got it, decrypted.
#[derive(Debug, Clone)]
pub struct Ear {
    pub moment: Moment,
    pub opus: Vec<u8>,
}

/// How long frames of the speaker took, milliseconds each.
#[derive(Debug, Default)]
pub struct Delay {
    /// Until the packet of the first listener of a group left.
    pub first_ms: Vec<f64>,
    /// Until the packet of the last listener of a group left.
    pub last_ms: Vec<f64>,
    /// Frames came as they were sent, alone or in packs.
    pub forwarded: bool,
}

/// What all of these listeners heard together. `sent_ns` says when each frame of the (repeated) speech left the speaker.
pub fn measure_all(
    speech: &Speech,
    sent_ns: &[u64],
    ears: &[Vec<Ear>],
    lateness: &Lateness,
) -> Result<Delay, LoadError> {
    let mut all = Delay::default();
    let places = places(speech);
    for ear in ears.iter().filter(|ear| !ear.is_empty()) {
        let one = measure(speech, &places, sent_ns, ear, lateness)?;
        all.forwarded |= one.forwarded;
        all.first_ms.extend(one.first_ms);
        all.last_ms.extend(one.last_ms);
    }
    Ok(all)
}

fn measure(
    speech: &Speech,
    places: &Places<'_>,
    sent_ns: &[u64],
    ear: &[Ear],
    lateness: &Lateness,
) -> Result<Delay, LoadError> {
    let packets: Vec<Known> = ear
        .iter()
        .filter_map(|heard| known(places, heard))
        .collect();
    if packets.len() * 4 > ear.len() {
        return Ok(forwarded(speech, sent_ns, &packets, lateness));
    }
    mixed(speech, sent_ns, ear, lateness)
}

impl Delay {
    fn note(&mut self, in_ns: u64, sent: Sent) {
        let since = |at_ns: u64| at_ns.saturating_sub(in_ns) as f64 / 1e6;
        self.first_ms.push(since(sent.first_ns));
        self.last_ms.push(since(sent.last_ns));
    }
}

#[cfg(test)]
mod tests;
