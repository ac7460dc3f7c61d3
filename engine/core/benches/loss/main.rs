//! What a bad network does to a voice, and what repairs it: a real `Shard` and str0m clients in virtual time. Writes
//! what a listener hears into WAV files and says in JSON lines what is in them: `cargo bench --bench loss -- FOLDER`.

#![allow(clippy::unwrap_used, reason = "a measurement ends where it fails")]

mod ear;
#[path = "../../tests/link_common/mod.rs"]
mod link_common;
mod scene;
#[path = "../../tests/shard_common/mod.rs"]
mod shard_common;
mod voice;

use std::path::{Path, PathBuf};

use ear::Ear;
use palabre_core::room::PackSize;
use scene::{Line, Means, Scene, Way};

/// Loss (0 to 1) and how many packets are lost in a row, on average.
const WEATHER: [(f64, f64); 6] = [
    (0.0, 1.0),
    (0.01, 1.0),
    (0.05, 1.0),
    (0.1, 1.0),
    (0.05, 3.0),
    (0.1, 3.0),
];
/// How long after it was sent a packet is played, beyond the way itself (ms): a browser's ear on a calm path, and one
/// that has learned to wait.
const PATIENCE_MS: [u64; 2] = [60, 120];
/// For packs that are asked for again: that one is missing shows only when the next one comes, up to 120 ms later.
const LONG_PATIENCE_MS: u64 = 200;
/// Ways of the losses, and what is sent there.
const PATHS: [(Way, Line); 5] = [
    (Way::Up, Line::Forwarded),
    (Way::Down, Line::Forwarded),
    (Way::Down, Line::Mix(PackSize::Three)),
    (Way::Down, Line::Mix(PackSize::Five)),
    (Way::Down, Line::Mix(PackSize::Six)),
];
const SEEDS: u64 = 3;
const SECONDS: usize = 20;

fn main() {
    // cargo adds --bench.
    let folder = std::env::args()
        .skip(1)
        .find(|word| !word.starts_with("--"));
    let Some(folder) = folder.map(PathBuf::from) else {
        println!("loss: name a folder for the sound: cargo bench --bench loss -- FOLDER");
        return;
    };
    let said = voice::talk(SECONDS);
    write_wav(&folder.join("original.wav"), &said);
    for (way, line) in PATHS {
        for means in Means::all(way, line) {
            for (loss, burst) in WEATHER {
                // Without loss chance has no part in it.
                let seeds = if loss > 0.0 { SEEDS } else { 1 };
                for seed in 1..=seeds {
                    let scene = Scene {
                        way,
                        line,
                        means,
                        loss,
                        burst,
                        seed,
                    };
                    measure(&scene, &said, &folder);
                }
            }
        }
    }
}

fn measure(scene: &Scene, said: &[f32], folder: &Path) {
    let heard = scene.play(said);
    for &patience_ms in patiences(scene) {
        let mut ear = Ear::new(&heard, patience_ms, scene.means.fec);
        let sound = ear.listen(said.len());
        let file = format!("{}-{patience_ms}.wav", scene.name());
        write_wav(&folder.join(&file), &sound);
        println!(
            "{{\"file\":\"{file}\",\"way\":\"{}\",\"packet_ms\":{},\"means\":\"{}\",\"loss\":{},\"burst\":{},\"seed\":{},\
             \"patience_ms\":{patience_ms},\"frames\":{},\"made_up\":{},\"rebuilt\":{},\"packets\":{},\"bytes\":{}}}",
            scene.way.word(),
            scene.line.packet_ms(),
            scene.means.words(),
            scene.loss,
            scene.burst,
            scene.seed,
            ear.frames,
            ear.made_up,
            ear.rebuilt,
            heard.packets,
            heard.bytes,
        );
    }
}

/// Waiting longer brings nothing but what was sent again.
fn patiences(scene: &Scene) -> &'static [u64] {
    match scene.line {
        _ if !scene.means.nack => &PATIENCE_MS[..1],
        Line::Forwarded => &PATIENCE_MS,
        Line::Mix(_) => &[LONG_PATIENCE_MS],
    }
}

/// 48 kHz, mono, 16 bit.
fn write_wav(path: &Path, sound: &[f32]) {
    let data_len = sound.len() as u32 * 2;
    let mut file = Vec::with_capacity(44 + sound.len() * 2);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + data_len).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16u32.to_le_bytes());
    // PCM, one channel.
    file.extend_from_slice(&[1, 0, 1, 0]);
    file.extend_from_slice(&48_000u32.to_le_bytes());
    file.extend_from_slice(&96_000u32.to_le_bytes());
    // Bytes and bits of a sample.
    file.extend_from_slice(&[2, 0, 16, 0]);
    file.extend_from_slice(b"data");
    file.extend_from_slice(&data_len.to_le_bytes());
    for sample in sound {
        let sample = (sample.clamp(-1.0, 1.0) * 32_767.0) as i16;
        file.extend_from_slice(&sample.to_le_bytes());
    }
    std::fs::write(path, file).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
