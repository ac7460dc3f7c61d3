//! One voice alone goes straight into the packs: each frame as it came, once to each group, until another one speaks.

mod alone;
mod late;
mod pauses;
mod two_voices;

use std::collections::HashMap;

use palabre_core::opus::SILENT_FRAME;
use palabre_core::room::PackSize;

use crate::bench::Bench;
use crate::ear::Heard;
use crate::speech::{Frame, encode};

/// A room whose listeners get packs of `size`.
pub fn packed(speakers: u32, size: PackSize) -> Bench {
    let mut bench = Bench::new(speakers);
    bench.pack(size);
    bench.want_mix();
    bench
}

/// A voice whose frames are all different and all loud: a sweep.
pub fn sweep(seconds: usize) -> Vec<Frame> {
    let at = |n: usize| n as f32 / 48_000.0;
    let tone = |n| 0.3 * (at(n) * (300.0 + 40.0 * at(n)) * std::f32::consts::TAU).sin();
    encode(&(0..seconds * 48_000).map(tone).collect::<Vec<f32>>())
}

/// The frames of packets with their RTP times, each as a packet of its own.
fn frames(packets: &[Heard]) -> Vec<(u32, Vec<u8>)> {
    packets.iter().flat_map(unpacked).collect()
}

fn unpacked(packet: &Heard) -> Vec<(u32, Vec<u8>)> {
    let opus = opus::packet::parse(&packet.payload).expect("the mix is Opus");
    let alone = |frame: &&[u8]| [&[opus.toc & !3], *frame].concat();
    let times = (0..).map(|n| packet.rtp_ts.wrapping_add(960 * n));
    times.zip(opus.frames.iter().map(alone)).collect()
}

/// The numbers of the frames of `said` that a group was sent, in order.
pub fn sent_to(bench: &Bench, group: u8, said: &[Frame]) -> Vec<usize> {
    let places: HashMap<&[u8], usize> = (said.iter().map(|f| f.payload.as_slice()))
        .zip(0..)
        .collect();
    let all = frames(&bench.ear.group(group));
    all.iter()
        .filter_map(|(_, frame)| places.get(frame.as_slice()).copied())
        .collect()
}

/// Numbers without gaps, times that only grow, and no frame twice, in each group.
pub fn assert_in_order(bench: &Bench) {
    for group in 0..6 {
        let packets = bench.ear.group(group);
        let numbers = packets.windows(2);
        assert!(
            numbers
                .into_iter()
                .all(|pair| pair[1].seq == pair[0].seq + 1)
        );
        let all = frames(&packets);
        let grows =
            |pair: &[(u32, Vec<u8>)]| pair[1].0.wrapping_sub(pair[0].0).cast_signed() >= 960;
        assert!(all.windows(2).all(grows), "group {group}");
    }
}

/// A frame every 20 ms, from the first with sound to the last one of a second of it.
pub fn assert_no_gap(bench: &Bench, group: u8) {
    let sound = |packet: &Heard| packet.payload != SILENT_FRAME;
    let packets: Vec<Heard> = bench.ear.group(group).into_iter().filter(sound).collect();
    let times: Vec<u32> = frames(&packets).iter().map(|(time, _)| *time).collect();
    assert!(times.len() >= 100, "{} frames", times.len());
    for (n, pair) in times.windows(2).enumerate() {
        assert_eq!(
            pair[1].wrapping_sub(pair[0]),
            960,
            "group {group}, frame {n}"
        );
    }
}
