//! Voices: Debian's alsa-utils, and what they become in a browser's encoder.

use palabre_core::level::Loudness;
use palabre_core::opus::{Encoder, FRAME_SAMPLES};

/// 20 ms as a sender has it before the network.
#[derive(Debug, Clone)]
pub struct Frame {
    pub payload: Vec<u8>,
    /// RFC 6464, honest.
    pub level: u8,
}

/// One of the recorded voices, for example `Front_Center`: mono, 48 kHz, −1 to 1.
pub fn voice(name: &str) -> Vec<f32> {
    let path = format!("/usr/share/sounds/alsa/{name}.wav");
    let file =
        std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}. Install alsa-utils."));
    let data = file
        .windows(4)
        .position(|window| window == b"data")
        .expect("a WAVE file has data")
        + 8;
    let samples = file[data..].chunks_exact(2);
    samples
        .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0)
        .collect()
}

/// Several voices one after the other, cut or repeated to `seconds`.
pub fn talk(names: &[&str], seconds: usize) -> Vec<f32> {
    let all: Vec<f32> = names.iter().flat_map(|name| voice(name)).collect();
    all.into_iter().cycle().take(seconds * 48_000).collect()
}

/// The sum of what one says and of what others say, who wait so many ms in buffers that the first one does not.
pub fn with_later(first: &[f32], others: &[&[f32]], wait_ms: usize) -> Vec<f32> {
    let mut sum = first.to_vec();
    for other in others {
        let late = sum.iter_mut().skip(wait_ms * 48);
        late.zip(*other).for_each(|(sum, sample)| *sum += sample);
    }
    sum
}

pub fn silence(seconds: usize) -> Vec<f32> {
    vec![0.0; seconds * 48_000]
}

/// As a browser encodes it: 20 ms frames, 32 kbit/s, in-band FEC.
pub fn encode(pcm: &[f32]) -> Vec<Frame> {
    encode_with(pcm, false)
}

/// The same sound in packets that are too long for packs: padded, as senders may (RFC 6716 §3.2.5), to 200 bytes.
pub fn padded(frames: Vec<Frame>) -> Vec<Frame> {
    let pad = |frame: Frame| {
        let (toc, sound) = frame.payload.split_first().expect("a frame has a TOC byte");
        let padding = 200usize.saturating_sub(sound.len());
        let mut payload = vec![toc | 3, 0x41, padding as u8];
        payload.extend_from_slice(sound);
        payload.resize(payload.len() + padding, 0);
        Frame { payload, ..frame }
    };
    frames.into_iter().map(pad).collect()
}

pub fn encode_with(pcm: &[f32], dtx: bool) -> Vec<Frame> {
    let mut encoder = Encoder::new(32_000, 10);
    encoder.set_dtx(dtx);
    let mut packet = [0; 1_275];
    let frames = pcm.chunks_exact(FRAME_SAMPLES);
    frames
        .map(|chunk| {
            let frame = chunk.try_into().expect("a chunk is a frame");
            let payload = encoder
                .encode(frame, &mut packet)
                .expect("a frame is encoded")
                .to_vec();
            Frame {
                payload,
                level: (127.0 - Loudness::of(chunk).db()) as u8,
            }
        })
        .collect()
}
