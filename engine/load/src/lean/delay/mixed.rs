//! Frames that were encoded anew: what was decoded is laid over what was said.

use super::{Delay, Ear};
use crate::LoadError;
use crate::lean::arrivals::{Lateness, Moment};
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

/// How long what the ear decoded took; what is not found in the speech counts for nothing.
pub(super) fn mixed(
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
