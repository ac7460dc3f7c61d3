//! From a speaker's packet into the server to the last listener's packet out of it.
//!
//! Which of the speaker's frames a packet carries is found out by listening: by the frames themselves where they come as
//! they were sent, else by laying what was decoded over what was said. Of a pack the newest frame counts, so that the
//! time the others waited for it, the packing, is left out. Where frames come as they were sent, only the longest packs
//! count: in a shorter one, which ended with a word or where the codec changed its mode, the newest frame too has waited
//! for the turn of its listeners.

use std::collections::HashMap;

use super::arrivals::{Lateness, Moment, Sent};
use crate::LoadError;
use crate::speech::{FRAME_SAMPLES, SAMPLE_RATE_HZ, Speech};

/// Both encoders, the speaker's and the server's, look 6.5 ms ahead at 48 kHz (`OPUS_GET_LOOKAHEAD`).
const LOOKAHEAD_SAMPLES: usize = 2 * 312;
/// Sound is compared at 8 kHz.
const DECIMATION: usize = 6;
/// What is laid over what was said, at once: long enough to be unmistakable, short beside the drift of a jitter buffer.
const WINDOW: usize = 3 * SAMPLE_RATE_HZ as usize;
/// Nothing stays longer than this in a server that is worth measuring.
const LONGEST_SAMPLES: usize = SAMPLE_RATE_HZ as usize;
/// Less alike than this is not the same sound.
const ALIKE: f64 = 0.5;
/// Frames of silence look alike.
const TELLING_BYTES: usize = 20;
/// The bits of a TOC byte that say how many frames there are.
const CODE: u8 = 3;

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
    for ear in ears.iter().filter(|ear| !ear.is_empty()) {
        let one = measure(speech, sent_ns, ear, lateness)?;
        all.forwarded |= one.forwarded;
        all.first_ms.extend(one.first_ms);
        all.last_ms.extend(one.last_ms);
    }
    Ok(all)
}

fn measure(
    speech: &Speech,
    sent_ns: &[u64],
    ear: &[Ear],
    lateness: &Lateness,
) -> Result<Delay, LoadError> {
    let places = places(speech);
    let packets: Vec<Known> = ear
        .iter()
        .filter_map(|heard| known(&places, heard))
        .collect();
    if packets.len() * 4 > ear.len() {
        return Ok(forwarded(speech, sent_ns, &packets, lateness));
    }
    mixed(speech, sent_ns, ear, lateness)
}

/// Where in the speech each frame stands that is unmistakable: one that stands there twice could be either.
fn places(speech: &Speech) -> HashMap<&[u8], usize> {
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

impl Delay {
    fn note(&mut self, in_ns: u64, sent: Sent) {
        let since = |at_ns: u64| at_ns.saturating_sub(in_ns) as f64 / 1e6;
        self.first_ms.push(since(sent.first_ns));
        self.last_ms.push(since(sent.last_ns));
    }
}

/// A packet with frames as they were sent.
struct Known {
    moment: Moment,
    frames: usize,
    /// Which frame of the speech its newest one is.
    newest: usize,
}

fn known(places: &HashMap<&[u8], usize>, heard: &Ear) -> Option<Known> {
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

fn forwarded(speech: &Speech, sent_ns: &[u64], packets: &[Known], lateness: &Lateness) -> Delay {
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

fn mixed(
    speech: &Speech,
    sent_ns: &[u64],
    ear: &[Ear],
    lateness: &Lateness,
) -> Result<Delay, LoadError> {
    let mut delay = Delay::default();
    let mut start = 0;
    while let Some(rest) = ear.get(start..).filter(|rest| !rest.is_empty()) {
        let window = Window::decode(rest)?;
        start += window.packets.len().max(1);
        let first = window.packets.first().and_then(|p| lateness.of(p.moment));
        let Some(lag) = first.and_then(|sent| window.find(speech, sent_ns, sent.first_ns)) else {
            continue;
        };
        for packet in &window.packets {
            let newest = lag + packet.end + LOOKAHEAD_SAMPLES;
            // The frame that ends where the packet ends, to the nearest frame.
            let frame = (newest + FRAME_SAMPLES / 2) / FRAME_SAMPLES;
            let said = frame.checked_sub(1).and_then(|frame| sent_ns.get(frame));
            if let (Some(&in_ns), Some(sent)) = (said, lateness.of(packet.moment)) {
                delay.note(in_ns, sent);
            }
        }
    }
    Ok(delay)
}

/// A stretch of what the ear decoded, without a gap.
struct Window {
    pcm: Vec<i16>,
    packets: Vec<Placed>,
}

struct Placed {
    moment: Moment,
    /// Where its sound ends in the window, samples at 48 kHz.
    end: usize,
}

impl Window {
    /// Decodes up to a window's length, or to the first gap.
    fn decode(ear: &[Ear]) -> Result<Self, LoadError> {
        let mut decoder = opus::Decoder::new(SAMPLE_RATE_HZ, opus::Channels::Mono)?;
        let mut window = Self {
            pcm: Vec::with_capacity(WINDOW),
            packets: Vec::new(),
        };
        let mut buffer = vec![0; 6 * FRAME_SAMPLES];
        let mut expected = None;
        for heard in ear {
            let (ssrc, rtp_ts, _) = heard.moment;
            if expected.is_some_and(|next| next != (ssrc, rtp_ts)) || window.pcm.len() >= WINDOW {
                break;
            }
            let samples = decoder.decode(&heard.opus, &mut buffer, false)?;
            window
                .pcm
                .extend_from_slice(buffer.get(..samples).unwrap_or_default());
            window.packets.push(Placed {
                moment: heard.moment,
                end: window.pcm.len(),
            });
            expected = Some((ssrc, rtp_ts.wrapping_add(samples as u32)));
        }
        Ok(window)
    }

    /// Which sample of what was said is the window's first one; `None` when it was not found.
    fn find(&self, speech: &Speech, sent_ns: &[u64], heard_ns: u64) -> Option<usize> {
        if self.pcm.len() < WINDOW / 2 {
            return None;
        }
        let latest = sent_ns.partition_point(|at| *at <= heard_ns) * FRAME_SAMPLES;
        let earliest = latest.saturating_sub(LONGEST_SAMPLES);
        let said_at = |n: usize| speech.pcm.get(n % speech.pcm.len()).copied().unwrap_or(0);
        let said: Vec<i16> = (earliest..latest + self.pcm.len()).map(said_at).collect();
        let (heard, said) = (decimate(&self.pcm), decimate(&said));
        let energy = |x: &[f32]| f64::from(x.iter().map(|v| v * v).sum::<f32>());
        let alike = |lag: usize| {
            let there = said.get(lag..lag + heard.len())?;
            let product: f32 = heard.iter().zip(there).map(|(a, b)| a * b).sum();
            Some(f64::from(product) / (energy(&heard) * energy(there)).sqrt().max(1.0))
        };
        let lags = 0..=(latest - earliest) / DECIMATION;
        let rated = lags.filter_map(|lag| Some((alike(lag)?, lag)));
        let (best, lag) = rated.max_by(|a, b| a.0.total_cmp(&b.0))?;
        (best > ALIKE).then_some(earliest + lag * DECIMATION)
    }
}

/// Means of some samples in a row: a filter good enough to find speech again.
fn decimate(pcm: &[i16]) -> Vec<f32> {
    let mean = |few: &[i16]| few.iter().map(|s| f32::from(*s)).sum::<f32>() / DECIMATION as f32;
    pcm.chunks_exact(DECIMATION).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::Frame;

    const FRAME_NS: u64 = 20_000_000;

    /// Something unlike itself at every moment: a sweep.
    fn sweep() -> Speech {
        let pcm: Vec<i16> = (0..5 * SAMPLE_RATE_HZ)
            .map(|n| f64::from(n) / f64::from(SAMPLE_RATE_HZ))
            .map(|t| ((t * (300.0 + 100.0 * t) * std::f64::consts::TAU).sin() * 8000.0) as i16)
            .collect();
        Speech::from_pcm(pcm, SAMPLE_RATE_HZ).unwrap()
    }

    fn heard(opus: Vec<u8>, n: usize, at_ns: u64, lateness: &mut Lateness) -> Ear {
        let moment = (1, (n * FRAME_SAMPLES) as u32, opus.len());
        lateness.note(moment, at_ns);
        lateness.note(moment, at_ns + 3_000_000);
        Ear { moment, opus }
    }

    fn all_are(values: &[f64], expected: f64) -> bool {
        !values.is_empty() && values.iter().all(|v| (v - expected).abs() < 0.01)
    }

    #[test]
    fn forwarded_frames_are_known_by_their_payload() {
        let speech = sweep();
        let sent: Vec<u64> = (0..250).map(|n| 1_000_000_000 + n * FRAME_NS).collect();
        let mut lateness = Lateness::default();
        let ear: Vec<Ear> = (0..200)
            .map(|n| {
                heard(
                    speech.frames[n].opus.clone(),
                    n,
                    sent[n] + 500_000,
                    &mut lateness,
                )
            })
            .collect();
        let delay = measure(&speech, &sent, &ear, &lateness).unwrap();
        assert!(delay.forwarded);
        assert!(all_are(&delay.first_ms, 0.5) && all_are(&delay.last_ms, 3.5));
    }

    #[test]
    fn a_frame_that_stands_in_the_speech_twice_is_not_taken_for_either() {
        let mut speech = sweep();
        speech.frames[200].opus = speech.frames[50].opus.clone();
        let known = places(&speech);
        assert!(!known.contains_key(speech.frames[50].opus.as_slice()));
        assert_eq!(known[speech.frames[51].opus.as_slice()], 51);
    }

    /// Several packets of one frame as one.
    fn packed(frames: &[Frame]) -> Vec<u8> {
        let mut repacketizer = opus::Repacketizer::new().unwrap();
        let mut out = vec![0; 1_500];
        let packets: Vec<&[u8]> = frames.iter().map(|frame| frame.opus.as_slice()).collect();
        let len = repacketizer.combine(&packets, &mut out).unwrap();
        out.truncate(len);
        out
    }

    #[test]
    fn of_a_pack_the_newest_frame_counts_and_of_packs_the_longest_ones() {
        let speech = sweep();
        let sent: Vec<u64> = (0..250).map(|n| 1_000_000_000 + n * FRAME_NS).collect();
        let mut lateness = Lateness::default();
        // Three frames as long as the codec's mode is the same; shorter ones leave late.
        let mut ear = Vec::new();
        for n in (2..200).step_by(3) {
            let frames = &speech.frames[n - 2..=n];
            let same = frames
                .iter()
                .all(|frame| frame.opus[0] == frames[0].opus[0]);
            let (frames, waited) = if same { (frames, 0) } else { (&frames[..1], 3) };
            let left = sent[n] + waited * FRAME_NS + 500_000;
            ear.push(heard(packed(frames), n, left, &mut lateness));
        }
        let delay = measure(&speech, &sent, &ear, &lateness).unwrap();
        assert!(delay.forwarded);
        assert!(all_are(&delay.first_ms, 0.5) && all_are(&delay.last_ms, 3.5));
    }

    #[test]
    fn frames_encoded_anew_are_found_by_their_sound() {
        let speech = sweep();
        let sent: Vec<u64> = (0..250).map(|n| 1_000_000_000 + n * FRAME_NS).collect();
        // What a mixer does: decode, encode again, three frames late.
        let mut decoder = opus::Decoder::new(SAMPLE_RATE_HZ, opus::Channels::Mono).unwrap();
        let mut pcm = vec![0; 5760];
        let mut again = Vec::new();
        for frame in &speech.frames {
            let samples = decoder.decode(&frame.opus, &mut pcm, false).unwrap();
            again.extend_from_slice(&pcm[..samples]);
        }
        let mixed = Speech::from_pcm(again, SAMPLE_RATE_HZ).unwrap();
        let mut lateness = Lateness::default();
        // Not from the first frame on: what was encoded twice comes a look-ahead later than it was said.
        let ear: Vec<Ear> = (20..200)
            .map(|n| {
                heard(
                    mixed.frames[n].opus.clone(),
                    n,
                    sent[n] + 60_000_000,
                    &mut lateness,
                )
            })
            .collect();
        let delay = measure(&speech, &sent, &ear, &lateness).unwrap();
        assert!(!delay.forwarded);
        assert!(all_are(&delay.last_ms, 63.0), "{:?}", delay.last_ms.first());
    }
}
