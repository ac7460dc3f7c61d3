//! The mix in packs: does every group hear all of it, once, at its turn?

use std::time::Duration;

use palabre_core::opus::{SILENT_FRAME, inspect};
use palabre_core::room::{Moment, PackSize};

use crate::bench::{Bench, ms, send};
use crate::ear::{Heard, decode, energy};
use crate::likeness::likeness;
use crate::speech::{Frame, encode, encode_with, padded, silence, talk};

const SIZES: [PackSize; 3] = [PackSize::Three, PackSize::Five, PackSize::Six];

/// A voice for `seconds`, heard in packs of `size`.
fn heard_in(size: PackSize, seconds: usize) -> (Bench, Vec<f32>, u32) {
    let pcm = talk(&["Front_Center", "Rear_Left"], seconds);
    let (bench, start) = heard_of(&encode(&pcm), size);
    (bench, pcm, start)
}

fn heard_of(said: &[Frame], size: PackSize) -> (Bench, u32) {
    let mut bench = Bench::new(1);
    let start = bench.room.mix_rtp_time(bench.now());
    bench.pack(size);
    bench.want_mix();
    bench.play(send(1, 0, said, true));
    bench.until(ms(20 * said.len() as u64 + 500));
    (bench, start)
}

/// The RTP times of the frames with sound in packets, in order.
fn times(packets: &[Heard]) -> Vec<u32> {
    let of = |packet: &Heard| {
        let frames = inspect(&packet.payload).expect("the mix is Opus").frames as u32;
        let first = packet.rtp_ts;
        (0..frames).map(move |frame| first.wrapping_add(960 * frame))
    };
    let sound = |packet: &&Heard| packet.payload != SILENT_FRAME;
    packets.iter().filter(sound).flat_map(of).collect()
}

/// What somebody hears who was in the group `old` for the first packets, and in `new` then.
fn path(bench: &Bench, first: usize, old: u8, new: u8) -> Vec<Heard> {
    let of = |heard: &[Heard], group| -> Vec<Heard> {
        let mine = heard.iter().filter(|heard| heard.group == group);
        mine.cloned().collect()
    };
    let (before, after) = bench.ear.mix.split_at(first);
    [of(before, old), of(after, new)].concat()
}

#[test]
fn each_group_hears_the_whole_voice_in_far_fewer_packets() {
    for size in SIZES {
        let (bench, pcm, start) = heard_in(size, 6);
        for group in 0..size.frames() as u8 {
            let packets = bench.ear.group(group);
            let heard = decode(&packets, start);
            let (alike, lag) = likeness(&pcm, &heard);
            assert!(
                alike > 0.9 && lag <= 4_800,
                "{size:?}: likeness {alike}, lag {lag}"
            );
            assert!((0.8..1.2).contains(&(energy(&heard) / energy(&pcm))));
            // 50 a second, divided by the size; and some where the codec changes its mode.
            let most = 6 * 50 / size.frames() * 5 / 4;
            assert!(packets.len() < most, "{size:?}: {} packets", packets.len());
        }
    }
}

#[test]
fn all_groups_hear_the_same_frames_and_one_group_has_its_turn_at_a_tick() {
    for size in SIZES {
        let (bench, ..) = heard_in(size, 4);
        let first = times(&bench.ear.group(0));
        assert!(first.len() > 190);
        assert!(first.windows(2).all(|pair| pair[1] != pair[0]));
        for group in 1..size.frames() as u8 {
            assert_eq!(
                times(&bench.ear.group(group)),
                first,
                "{size:?}, group {group}"
            );
        }
        let same_tick = |pair: &[Heard]| pair[0].at == pair[1].at && pair[0].group != pair[1].group;
        assert!(!bench.ear.mix.windows(2).any(same_tick));
    }
}

#[test]
fn a_pack_leaves_with_its_last_frame_and_its_time_follows_the_wall_clock() {
    let pcm = talk(&["Front_Center", "Rear_Left"], 4);
    let (bench, start) = heard_of(&padded(encode(&pcm)), PackSize::Five);
    for packet in &bench.ear.mix {
        let samples = inspect(&packet.payload).expect("the mix is Opus").samples as u64;
        let ended = u64::from(packet.rtp_ts.wrapping_sub(start)) + samples - 960;
        let left = packet.at.as_micros() as u64 * 48 / 1_000;
        // A run that ended early waits for the turn of its group.
        assert!(left - ended < 5 * 960, "left {left}, ended {ended}");
    }
}

#[test]
fn in_silence_each_group_gets_a_packet_each_400_ms() {
    let mut pcm = talk(&["Front_Center"], 1);
    pcm.extend(silence(9));
    let mut bench = Bench::new(1);
    bench.pack(PackSize::Six);
    bench.want_mix();
    bench.play(send(1, 0, &encode_with(&pcm, true), true));
    let (wake_ups, until) = (bench.wake_ups, ms(14_000));
    bench.until(until);
    let quiet = |heard: &&Heard| (ms(5_000)..ms(9_000)).contains(&heard.at);
    for group in 0..6 {
        assert_eq!(bench.ear.group(group).iter().filter(quiet).count(), 10);
    }
    let woken = bench.wake_ups - wake_ups;
    assert!(woken <= 4 * 15 + 10, "{woken} times within 4 s");
}

#[test]
fn packs_change_their_size_in_a_pause_and_no_group_loses_or_repeats_a_frame() {
    let mut pcm = talk(&["Front_Center"], 2);
    pcm.extend(silence(3));
    pcm.extend(talk(&["Rear_Right"], 2));
    let mut bench = Bench::new(1);
    bench.want_mix();
    let arrivals = send(1, 0, &encode_with(&pcm, true), true);
    let half = arrivals.partition_point(|arrival| arrival.at < ms(1_000));
    bench.play(arrivals[..half].to_vec());
    bench.pack(PackSize::Three);
    assert_eq!(bench.ear.resized, [], "not in mid-word");
    bench.play(arrivals[half..].to_vec());
    bench.until(ms(7_500));
    let [(at, before, PackSize::Three)] = bench.ear.resized[..] else {
        panic!("{:?}", bench.ear.resized);
    };
    assert!(at < ms(5_000));
    let quiet = |(when, moment): &(Duration, Moment)| *when == at && *moment != Moment::Speech;
    assert!(bench.ear.moments.iter().any(quiet));
    assert!(before > 50);
    let all = times(&path(&bench, before, 0, 0));
    assert!(all.len() > 200);
    assert_eq!(times(&path(&bench, before, 0, 1)), all);
    assert_eq!(times(&path(&bench, before, 0, 2)), all);
}

#[test]
fn a_speech_without_a_pause_delays_a_change_by_seconds_at_most_and_nothing_is_lost() {
    let pcm: Vec<f32> = (0..48_000 * 8)
        .map(|n| 0.3 * (n as f32 * 0.03).sin())
        .collect();
    let mut bench = Bench::new(1);
    bench.pack(PackSize::Five);
    bench.want_mix();
    let arrivals = send(1, 0, &encode(&pcm), true);
    bench.play(arrivals[..100].to_vec());
    bench.pack(PackSize::Three);
    bench.play(arrivals[100..].to_vec());
    let [_, (at, before, PackSize::Three)] = bench.ear.resized[..] else {
        panic!("{:?}", bench.ear.resized);
    };
    assert!((ms(5_900)..ms(6_100)).contains(&at), "{at:?}");
    // Whichever group of five one was in, and whichever of three one comes to: no frame is missed, none comes twice.
    for (old, new) in [(0, 0), (4, 2), (2, 1)] {
        let times = times(&path(&bench, before, old, new));
        assert!(times.len() > 380);
        assert!(
            times
                .windows(2)
                .all(|pair| pair[1].wrapping_sub(pair[0]) == 960)
        );
    }
}
