//! How intelligible what was heard is, beside what was said: the short-time objective intelligibility measure
//! (Taal and others, 2011), with a bank of filters in place of the Fourier transform.

const RATE: f32 = 48_000.0;
/// 12.8 ms, as in the paper.
const HOP: usize = 614;
/// Frames in one segment: 384 ms.
const SEGMENT: usize = 30;
const BANDS: usize = 15;
/// Frames this much below the loudest are pauses and do not count.
const PAUSE_DB: f32 = 40.0;
/// The distorted envelope is clipped at this much above the clean one: −15 dB signal to distortion.
const CLIP: f32 = 1.0 + 5.623;

/// Intelligibility, 0 to 1 (1 is the same but for the volume), and the delay in samples, at most half a second.
pub fn likeness(original: &[f32], heard: &[f32]) -> (f32, usize) {
    let lag = delay(original, heard);
    let heard = heard.get(lag..).unwrap_or_default();
    let common = original.len().min(heard.len());
    (intelligibility(&original[..common], &heard[..common]), lag)
}

fn delay(original: &[f32], heard: &[f32]) -> usize {
    let best = |lags: &mut dyn Iterator<Item = usize>| {
        let scored = lags.map(|lag| (correlation(original, heard, lag), lag));
        scored
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map_or(0, |(_, lag)| lag)
    };
    let near = best(&mut (0..24_000).step_by(24));
    best(&mut (near.saturating_sub(24)..near + 24))
}

fn correlation(a: &[f32], b: &[f32], lag: usize) -> f32 {
    a.iter()
        .zip(b.get(lag..).unwrap_or_default())
        .step_by(4)
        .map(|(a, b)| a * b)
        .sum()
}

fn intelligibility(original: &[f32], heard: &[f32]) -> f32 {
    let spoken = spoken_frames(original);
    let (mut sum, mut count) = (0.0, 0.0);
    for band in 0..BANDS {
        let centre = 150.0 * 2f32.powf(band as f32 / 3.0);
        let clean = envelope(original, centre, &spoken);
        let distorted = envelope(heard, centre, &spoken);
        for (clean, distorted) in clean
            .windows(SEGMENT)
            .zip(distorted.windows(SEGMENT))
            .step_by(5)
        {
            sum += segment(clean, distorted);
            count += 1.0;
        }
    }
    sum / count
}

fn spoken_frames(pcm: &[f32]) -> Vec<bool> {
    let energies: Vec<f32> = pcm.chunks_exact(HOP).map(crate::ear::energy).collect();
    let loudest = energies.iter().copied().fold(0.0, f32::max);
    energies
        .iter()
        .map(|energy| *energy > loudest * 10f32.powf(-PAUSE_DB / 10.0))
        .collect()
}

/// The amplitude of one third-octave band, frame by frame, pauses left out.
fn envelope(pcm: &[f32], centre: f32, spoken: &[bool]) -> Vec<f32> {
    let filtered = band_pass(&band_pass(pcm, centre), centre);
    let amplitudes = filtered
        .chunks_exact(HOP)
        .map(|frame| crate::ear::energy(frame).sqrt());
    amplitudes
        .zip(spoken)
        .filter_map(|(amplitude, spoken)| spoken.then_some(amplitude))
        .collect()
}

/// A second-order band-pass filter, one third of an octave wide.
fn band_pass(pcm: &[f32], centre: f32) -> Vec<f32> {
    let omega = std::f32::consts::TAU * centre / RATE;
    let alpha = omega.sin() * (0.5 * std::f32::consts::LN_2 / 3.0 * omega / omega.sin()).sinh();
    let (b0, a0, a1, a2) = (alpha, 1.0 + alpha, -2.0 * omega.cos(), 1.0 - alpha);
    let (mut x, mut y) = ([0.0; 2], [0.0; 2]);
    let mut step = |sample: f32| {
        let out = (b0 * (sample - x[1]) - a1 * y[0] - a2 * y[1]) / a0;
        (x, y) = ([sample, x[0]], [out, y[0]]);
        out
    };
    pcm.iter().map(|sample| step(*sample)).collect()
}

/// The correlation of two envelopes, the distorted one brought to the clean one's volume and clipped.
fn segment(clean: &[f32], distorted: &[f32]) -> f32 {
    let scale = (crate::ear::energy(clean) / crate::ear::energy(distorted).max(1e-12)).sqrt();
    let clipped: Vec<f32> = clean
        .iter()
        .zip(distorted)
        .map(|(c, d)| (d * scale).min(c * CLIP))
        .collect();
    let (mean_clean, mean_clipped) = (mean(clean), mean(&clipped));
    let (mut dot, mut norms) = (0.0, (1e-12, 1e-12));
    for (c, d) in clean.iter().zip(&clipped) {
        let (c, d) = (c - mean_clean, d - mean_clipped);
        dot += c * d;
        norms = (norms.0 + c * c, norms.1 + d * d);
    }
    dot / (norms.0 * norms.1).sqrt()
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len() as f32
}

#[test]
fn the_codec_alone_is_intelligible_and_another_voice_is_not() {
    let said = crate::speech::talk(&["Front_Center", "Rear_Left"], 4);
    let mut decoder = palabre_core::opus::Decoder::new();
    let mut heard = Vec::new();
    for frame in crate::speech::encode(&said) {
        heard.extend_from_slice(decoder.decode(&frame.payload).unwrap());
    }
    let (alike, lag) = likeness(&said, &heard);
    assert!(
        alike > 0.95 && (250..500).contains(&lag),
        "{alike}, lag {lag}"
    );
    let (other, _) = likeness(&crate::speech::talk(&["Side_Right", "Noise"], 4), &heard);
    assert!(other < 0.6, "{other}");
}
