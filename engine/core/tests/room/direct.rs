//! One voice alone goes straight into the packs: each frame as it came, once to each group, until another one speaks.

use std::collections::HashMap;

use palabre_core::opus::SILENT_FRAME;
use palabre_core::room::PackSize;
use proptest::prelude::*;

use crate::bench::{Bench, csrc, ms, send};
use crate::ear::{Heard, decode};
use crate::likeness::likeness;
use crate::speech::{Frame, encode, encode_with, silence, talk, with_later};

/// A room whose listeners get packs of `size`.
fn packed(speakers: u32, size: PackSize) -> Bench {
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

/// Numbers without gaps, times that only grow, and no frame twice, in each group.
fn assert_in_order(bench: &Bench) {
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

#[test]
fn one_voice_reaches_every_group_frame_by_frame_as_it_came() {
    let said = sweep(3);
    for size in [
        PackSize::One,
        PackSize::Three,
        PackSize::Five,
        PackSize::Six,
    ] {
        let mut bench = packed(1, size);
        bench.play(send(1, 0, &said, true));
        bench.until(ms(4_000));
        for group in 0..size.frames() as u8 {
            assert_eq!(
                sent_to(&bench, group, &said),
                (0..150).collect::<Vec<_>>(),
                "{size:?}"
            );
        }
        assert_in_order(&bench);
    }
}

#[test]
fn a_pack_leaves_with_its_newest_frame_and_names_who_speaks() {
    let said = sweep(3);
    let mut bench = packed(1, PackSize::Five);
    bench.play(send(1, 0, &said, true));
    let turns = bench.ear.mix.chunk_by(|a, b| a.at == b.at);
    for turn in turns.filter(|turn| turn[0].payload != SILENT_FRAME) {
        let (_, last) = unpacked(&turn[turn.len() - 1])
            .pop()
            .expect("a packet has a frame");
        let newest = said.iter().position(|frame| frame.payload == last);
        assert_eq!(newest.map(|n| ms(20 * n as u64)), Some(turn[0].at));
        assert_eq!(turn[0].csrcs, [csrc(1)]);
    }
}

#[test]
fn when_nothing_comes_any_more_what_is_there_leaves_all_the_same() {
    let said = sweep(1);
    let mut bench = packed(1, PackSize::Six);
    bench.play(send(1, 0, &said, true));
    // 120 ms in which a frame may be late, then a turn for each group.
    bench.until(ms(1_260));
    for group in 0..6 {
        assert_eq!(sent_to(&bench, group, &said).len(), 50, "group {group}");
    }
}

#[test]
fn a_voice_that_was_held_up_for_100_ms_leaves_no_gap_in_its_time() {
    let said = sweep(2);
    let mut bench = packed(1, PackSize::Five);
    let mut arrivals = send(1, 0, &said, true);
    let held_up = arrivals[55].at;
    for arrival in &mut arrivals[50..55] {
        arrival.at = held_up;
    }
    bench.play(arrivals);
    bench.until(ms(3_000));
    for group in 0..5 {
        assert_eq!(sent_to(&bench, group, &said), (0..100).collect::<Vec<_>>());
        assert_no_gap(&bench, group);
    }
}

/// Frames without sound fill what a sender leaves out: nothing in it is taken for a loss.
#[test]
fn a_pause_in_which_the_sender_sends_nothing_leaves_no_gap_in_its_time() {
    let said = sweep(2);
    let mut bench = packed(1, PackSize::Five);
    let mut arrivals = send(1, 0, &said, true);
    // The later one first: each begins with a frame without sound, and takes away those that follow.
    for pause in [47..53, 41..42] {
        arrivals[pause.start - 1].payload.truncate(1);
        arrivals.drain(pause);
    }
    for (seq, arrival) in (65_500u16..=u16::MAX).chain(0..).zip(&mut arrivals) {
        arrival.seq = seq;
    }
    bench.play(arrivals);
    bench.until(ms(3_000));
    for group in 0..5 {
        assert_no_gap(&bench, group);
    }
}

#[test]
fn in_a_pause_in_which_the_sender_sends_nothing_turns_come_20_ms_after_a_frame_would_have() {
    let mut bench = packed(1, PackSize::Five);
    let mut arrivals = send(1, 0, &sweep(2), true);
    arrivals[40].payload.truncate(1);
    arrivals.drain(41..60);
    for (seq, arrival) in (65_500u16..=u16::MAX).chain(0..).zip(&mut arrivals) {
        // Not when the mixer has its ticks.
        (arrival.seq, arrival.at) = (seq, arrival.at + ms(13));
    }
    bench.play(arrivals);
    let turns =
        (bench.ear.mix.iter()).filter(|packet| packet.at > ms(833) && packet.at < ms(1_213));
    let after: Vec<u128> = turns
        .map(|packet| (packet.at - ms(13)).as_micros() % 20_000)
        .collect();
    assert!(after.len() >= 18, "{} packets", after.len());
    assert!(
        after.iter().all(|after| (0..100).contains(after)),
        "{after:?}"
    );
}

/// A frame every 20 ms, from the first with sound to the last one of a second of it.
fn assert_no_gap(bench: &Bench, group: u8) {
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

#[test]
fn a_frame_that_comes_late_reaches_the_groups_whose_turn_is_still_to_come() {
    let said = sweep(2);
    let mut bench = packed(1, PackSize::Five);
    let mut arrivals = send(1, 0, &said, true);
    // Numbers 51 and 52 come before it, with the turns of three groups.
    arrivals[50].at += ms(45);
    bench.play(arrivals);
    bench.until(ms(3_000));
    let heard = (0..5).map(|group| sent_to(&bench, group, &said));
    let (with, without): (Vec<_>, Vec<_>) = heard.partition(|frames| frames.contains(&50));
    assert!(
        with.iter()
            .all(|frames| *frames == (0..100).collect::<Vec<_>>())
    );
    assert!(without.iter().all(|frames| frames.len() == 99));
    assert_eq!((with.len(), without.len()), (2, 3));
    assert_in_order(&bench);
}

#[test]
fn after_a_stall_what_comes_at_once_goes_out_up_to_200_ms_and_the_voice_goes_on() {
    let said = sweep(4);
    let mut bench = packed(1, PackSize::Three);
    let mut arrivals = send(1, 0, &said, true);
    for arrival in &mut arrivals {
        if (ms(1_000)..ms(1_500)).contains(&arrival.at) {
            arrival.at = ms(1_500);
        }
    }
    bench.play(arrivals);
    bench.until(ms(5_000));
    let heard = sent_to(&bench, 0, &said);
    assert!(
        (1..3).all(|group| sent_to(&bench, group, &said) == heard),
        "all the same"
    );
    let missing: Vec<usize> = (0..200).filter(|n| !heard.contains(n)).collect();
    assert!(
        missing.iter().all(|n| (60..=75).contains(n)) && missing.len() <= 16,
        "{missing:?}"
    );
    assert_in_order(&bench);
}

#[test]
fn who_begins_to_listen_in_mid_word_hears_the_voice_itself_at_once() {
    let said = sweep(3);
    let mut bench = Bench::new(1);
    bench.pack(PackSize::Five);
    let arrivals = send(1, 0, &said, true);
    bench.play(arrivals[..50].to_vec());
    bench.want_mix();
    bench.play(arrivals[50..].to_vec());
    bench.until(ms(4_000));
    for group in 0..5 {
        assert_eq!(sent_to(&bench, group, &said), (50..150).collect::<Vec<_>>());
    }
}

#[test]
fn pauses_that_are_not_sent_cost_no_frame_and_keep_their_length() {
    let mut pcm = Vec::new();
    for name in ["Front_Center", "Rear_Left", "Side_Right"] {
        pcm.extend(talk(&[name], 1));
        pcm.extend(silence(2));
    }
    let mut bench = packed(1, PackSize::Five);
    let start = bench.room.mix_rtp_time(bench.now());
    let said = encode_with(&pcm, true);
    let mut arrivals = send(1, 0, &said, true);
    arrivals.retain(|arrival| arrival.payload.len() > 2);
    bench.play(arrivals);
    bench.until(ms(10_000));
    for group in 0..5 {
        let heard = decode(&bench.ear.group(group), start);
        let (alike, lag) = likeness(&pcm, &heard);
        assert!(alike > 0.95 && lag < 1_920, "likeness {alike}, lag {lag}");
    }
    assert_in_order(&bench);
}

#[test]
fn a_voice_out_of_order_is_mixed_soon_and_heard_well() {
    let pcm = talk(&["Front_Center", "Rear_Left"], 12);
    let said = encode(&pcm);
    let mut bench = packed(1, PackSize::Three);
    let start = bench.room.mix_rtp_time(bench.now());
    let mut arrivals = send(1, 0, &said, true);
    for late in arrivals.iter_mut().step_by(3) {
        late.at += ms(30);
    }
    bench.play(arrivals);
    let after = bench.ear.group(0);
    let direct = sent_to(&bench, 0, &said);
    assert!(direct.len() < 40, "{} frames went directly", direct.len());
    let (alike, lag) = likeness(&pcm[96_000..], &decode(&after, start)[96_000..]);
    assert!(alike > 0.95 && lag < 4_800, "likeness {alike}, lag {lag}");
    assert_in_order(&bench);
}

#[test]
fn whoever_loses_the_right_is_not_in_what_is_sent_after_it() {
    let said = sweep(3);
    let mut bench = packed(1, PackSize::Six);
    let arrivals = send(1, 0, &said, true);
    bench.play(arrivals[..75].to_vec());
    let before = bench.ear.mix.len();
    bench.may_speak(1, false);
    bench.play(arrivals[75..].to_vec());
    bench.until(ms(4_000));
    bench.ear.mix.drain(..before);
    assert!((0..6).all(|group| sent_to(&bench, group, &said).is_empty()));
    assert!(bench.ear.mix.iter().all(|packet| packet.csrcs.is_empty()));
}

/// Ann talks for four seconds, and again from the fifth to the eighth; Ben from the second to the fourth.
fn ann_and_ben() -> (Vec<f32>, Vec<f32>) {
    let mut ann = talk(&["Front_Center", "Rear_Left"], 4);
    ann.extend(silence(1));
    ann.extend(talk(&["Side_Right", "Front_Left"], 3));
    let mut ben = silence(2);
    ben.extend(talk(&["Rear_Right"], 2));
    ben.extend(silence(4));
    (ann, ben)
}

/// What a group hears of the two, and how like what was said that is: Ann alone, both, Ann alone again.
fn heard_of_both(ann: &[Frame], ben: &[Frame], group: u8, record: bool) -> [(f32, usize); 3] {
    let mut bench = packed(2, PackSize::Five);
    let start = bench.room.mix_rtp_time(bench.now());
    if record {
        bench.record("both");
    }
    bench.play([send(1, 0, ann, true), send(2, 0, ben, true)].concat());
    bench.until(ms(9_000));
    assert_in_order(&bench);
    let heard = decode(&bench.ear.group(group), start);
    let (ann, ben) = ann_and_ben();
    // Ben waits in a jitter buffer; Ann, who is heard already, does not.
    let said = with_later(&ann, &[&ben], 60);
    [0..2, 2..4, 5..8].map(|seconds| {
        let (from, to) = (seconds.start * 48_000, seconds.end * 48_000);
        likeness(&said[from..to], &heard[from..])
    })
}

#[test]
fn a_second_voice_is_met_by_the_mix_and_a_pause_leads_back_to_one() {
    let (ann, ben) = ann_and_ben();
    let (ann, ben) = (encode(&ann), encode(&ben));
    for (group, record) in [(0, false), (3, false), (1, true)] {
        let [alone, both, again] = heard_of_both(&ann, &ben, group, record);
        assert!(alone.0 > 0.98 && alone.1 < 400, "{alone:?}");
        // The encoder's frame and its look-ahead, and up to a tick.
        assert!(both.0 > 0.97 && both.1 < 3 * 960, "{both:?}");
        // Up to a frame later: the mix's last tick is the line's time until then.
        assert!(again.0 > 0.98 && again.1 < 400 + 960, "{again:?}");
    }
}

/// A player that has as much as it needs for one voice makes nothing up: no gap, and no pack later than a jitter buffer
/// would have made it.
#[test]
fn from_one_voice_to_two_and_back_there_is_no_gap_and_no_pack_is_later_by_much() {
    let (ann, ben) = ann_and_ben();
    let (ann, ben) = (encode(&ann), encode(&ben));
    for phase in (0..20).step_by(3) {
        let mut bench = packed(2, PackSize::Five);
        bench.play([send(1, 3, &ann, true), send(2, phase, &ben, true)].concat());
        for group in 0..5 {
            assert_no_gap(&bench, group);
            let packets = bench.ear.group(group);
            let start = packets[0].rtp_ts;
            let late = |packet: &Heard| {
                let end =
                    packet.rtp_ts.wrapping_sub(start) / 48 + 20 * unpacked(packet).len() as u32;
                packet.at.as_millis() as i64 - i64::from(end)
            };
            let whole = packets
                .iter()
                .filter(|packet| unpacked(packet).len() == 5)
                .map(late);
            let (least, most) = (whole.clone().min(), whole.max());
            assert!(
                most.zip(least)
                    .is_some_and(|(most, least)| most - least <= 30),
                "{least:?} to {most:?} ms"
            );
        }
    }
}

#[test]
fn where_the_mix_takes_over_nothing_is_heard_twice_and_nothing_is_left_out() {
    let said = sweep(4);
    let mut ben = silence(2);
    ben.extend(talk(&["Rear_Right"], 2));
    let mut bench = packed(2, PackSize::One);
    bench.play([send(1, 0, &said, true), send(2, 0, &encode(&ben), true)].concat());
    let is_own = |packet: &&Heard| said.iter().any(|frame| frame.payload == packet.payload);
    let last = bench
        .ear
        .mix
        .iter()
        .rposition(|packet| is_own(&packet))
        .expect("it began directly");
    let [last, first] = &bench.ear.mix[last..last + 2] else {
        panic!("it did not go on in the mix");
    };
    assert!(first.csrcs.contains(&csrc(1)));
    assert_eq!(first.rtp_ts.wrapping_sub(last.rtp_ts), 960, "no gap");
    let late = first.at - last.at;
    assert!(late <= ms(40), "at most a tick late: {late:?}");
}

/// What happens to each packet on its way: lost, held up so long with all that follow, or nothing.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Lost,
    HeldUp { ms: u64 },
    Comes,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        2 => Just(Fate::Lost),
        1 => (0u64..150).prop_map(|ms| Fate::HeldUp { ms }),
        20 => Just(Fate::Comes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_in_its_order_reaches_every_group_once_and_as_it_was(
        fates in prop::collection::vec(fate(), 20..150),
        size in prop::sample::select(vec![PackSize::One, PackSize::Three, PackSize::Five, PackSize::Six]),
    ) {
        let said = sweep(3);
        let mut bench = packed(1, size);
        let mut arrivals = Vec::new();
        let mut not_before = ms(0);
        for (mut arrival, fate) in send(1, 0, &said, true).into_iter().zip(fates) {
            if let Fate::HeldUp { ms: held } = fate {
                not_before = not_before.max(arrival.at + ms(held));
            }
            arrival.at = arrival.at.max(not_before);
            if !matches!(fate, Fate::Lost) {
                arrivals.push(arrival);
            }
        }
        let came: Vec<usize> = arrivals.iter().map(|a| usize::from(a.seq.wrapping_sub(65_500))).collect();
        bench.play(arrivals);
        bench.until(ms(6_000));
        for group in 0..size.frames() as u8 {
            prop_assert_eq!(&sent_to(&bench, group, &said), &came, "group {}", group);
        }
        assert_in_order(&bench);
    }
}
