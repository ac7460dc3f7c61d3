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

/// A word, and then silence until 61 s.
fn fallen_silent(size: PackSize) -> Bench {
    let mut pcm = talk(&["Front_Center"], 1);
    pcm.extend(silence(1));
    let mut bench = Bench::new(1);
    bench.pack(size);
    bench.want_mix();
    bench.play(send(1, 0, &encode_with(&pcm, true), true));
    bench.until(ms(61_000));
    bench
}

/// When what a group hears was sent, from the last packet with sound on.
fn since_sound(packets: &[Heard]) -> Vec<Duration> {
    let sound = |packet: &Heard| packet.payload != SILENT_FRAME;
    let last = packets.iter().rposition(sound).expect("a word was said");
    packets[last..].iter().map(|packet| packet.at).collect()
}

#[test]
fn in_silence_each_group_gets_a_packet_each_400_ms_at_first_and_then_one_in_4_s() {
    for size in SIZES {
        let bench = fallen_silent(size);
        for group in 0..size.frames() as u8 {
            let packets = bench.ear.group(group);
            let waits: Vec<Duration> = since_sound(&packets)
                .windows(2)
                .map(|pair| pair[1] - pair[0])
                .collect();
            // The last pack leaves with a group's turn, up to a pack's length after its last frame.
            assert!((ms(300)..=ms(500)).contains(&waits[0]), "{waits:?}");
            let near = |wait: &Duration, want| wait.abs_diff(want) <= ms(120);
            assert!(waits[1..3].iter().all(|wait| near(wait, ms(400))));
            assert!(near(&waits[3], ms(2_800)), "{waits:?}");
            assert!(waits[4..].iter().all(|wait| near(wait, ms(4_000))));
            assert!(waits.len() >= 17, "{} packets", waits.len());
        }
    }
}

#[test]
fn a_long_silence_costs_a_twentieth_of_speech_at_most_and_wakes_the_room_for_nothing_else() {
    for size in SIZES {
        let mut bench = fallen_silent(size);
        let (packets, wake_ups) = (bench.ear.mix.len(), bench.wake_ups);
        bench.until(ms(181_000));
        let quiet = bench.ear.mix.len() - packets;
        // In speech each tick is the turn of a group, with a packet.
        assert!(quiet * 20 <= 120 * 50, "{quiet} packets within 2 minutes");
        assert_eq!(bench.wake_ups - wake_ups, quiet);
        let same_tick = |pair: &[Heard]| pair[0].at == pair[1].at;
        assert!(!bench.ear.mix[packets..].windows(2).any(same_tick));
    }
}

#[test]
fn the_time_of_the_line_is_the_wall_clocks_through_a_long_silence_and_the_first_pack_after_it_is_marked()
 {
    let mut bench = fallen_silent(PackSize::Five);
    let before = bench.ear.mix.len();
    bench.play(send(1, 61_000, &encode(&talk(&["Rear_Right"], 1)), true));
    bench.until(ms(63_000));
    let start = &bench.ear.mix[before - 1];
    for packet in &bench.ear.mix[before..] {
        let took = (packet.at - start.at).as_micros() as u32 * 48 / 1_000;
        let line = packet.rtp_ts.wrapping_sub(start.rtp_ts);
        // A pack's length, and what the clock waits for a voice before it takes the turn (ADR 35).
        assert!(took.abs_diff(line) <= (5 + 6) * 960, "{line} in {took}");
    }
    for group in 0..5 {
        let packets = bench.ear.group(group);
        let sound = packets
            .iter()
            .position(|packet| packet.at > ms(61_000) && packet.payload != SILENT_FRAME);
        assert!(packets[sound.expect("a word was said")].marker);
    }
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
