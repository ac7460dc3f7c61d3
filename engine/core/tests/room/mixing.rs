//! The mix: is it what was said?

use std::time::Duration;

use palabre_core::opus::{Decoder, FRAME_SAMPLES};

use crate::bench::{Bench, csrc, ms, send};
use crate::ear::{decode, energy};
use crate::likeness::likeness;
use crate::speech::{encode, encode_with, padded, silence, talk, with_later};

#[test]
fn one_voice_in_the_mix_is_the_voice_40_to_100_ms_later() {
    let pcm = talk(&["Front_Center", "Rear_Left"], 6);
    let mut bench = Bench::new(1);
    let start = bench.room.mix_rtp_time(bench.now());
    bench.want_mix();
    bench.play(send(1, 0, &padded(encode(&pcm)), true));
    let heard = decode(&bench.ear.mix, start);
    let (alike, lag) = likeness(&pcm, &heard);
    assert!(alike > 0.9, "likeness {alike} at a lag of {lag} samples");
    assert!((1_920..=4_800).contains(&lag), "lag {lag} samples");
    let ratio = energy(&heard) / energy(&pcm);
    assert!((0.8..1.2).contains(&ratio), "energy {ratio}");
}

#[test]
fn several_voices_are_all_in_the_mix_and_named() {
    let names = ["Front_Left", "Front_Right", "Rear_Left", "Side_Right"];
    let voices: Vec<_> = names.iter().map(|name| talk(&[name], 4)).collect();
    let mut bench = Bench::new(4);
    let start = bench.room.mix_rtp_time(bench.now());
    bench.want_mix();
    bench.play(
        voices
            .iter()
            .zip(1..)
            .flat_map(|(pcm, who)| send(who, 0, &encode(pcm), true))
            .collect(),
    );
    let heard = decode(&bench.ear.mix, start);
    // The first is heard directly, and then on without a wait; the others come through their jitter buffers.
    let [first, others @ ..] = &voices[..] else {
        panic!("nobody speaks");
    };
    let others: Vec<&[f32]> = others.iter().map(Vec::as_slice).collect();
    let (alike, _) = likeness(&with_later(first, &others, 40), &heard);
    assert!(alike > 0.95, "likeness {alike}");
    let mut named: Vec<u32> = bench
        .ear
        .mix
        .iter()
        .max_by_key(|packet| packet.csrcs.len())
        .unwrap()
        .csrcs
        .clone();
    named.sort_unstable();
    assert_eq!(named, [1, 2, 3, 4].map(csrc));
}

#[test]
fn whoever_loses_the_right_is_not_heard_in_the_next_frame_of_the_mix() {
    let mut bench = Bench::new(2);
    let start = bench.room.mix_rtp_time(bench.now());
    bench.want_mix();
    let arrivals = send(1, 0, &encode(&talk(&["Front_Center"], 6)), true);
    bench.play(arrivals[..150].to_vec());
    bench.may_speak(1, false);
    let cut = bench.ear.mix.len();
    bench.play(arrivals[150..].to_vec());
    assert!(
        bench.ear.mix[cut..]
            .iter()
            .all(|packet| packet.csrcs.is_empty())
    );
    let heard = decode(&bench.ear.mix, start);
    let after = bench.ear.mix[cut].rtp_ts.wrapping_sub(start) as usize;
    // One frame for the codec's overlap.
    assert!(energy(&heard[after + 960..]) < energy(&heard[..after]) / 10_000.0);
}

#[test]
fn in_a_long_silence_the_mix_sends_a_packet_each_4_s_and_takes_up_in_time() {
    let mut pcm = talk(&["Front_Center"], 1);
    pcm.extend(silence(19));
    pcm.extend(talk(&["Rear_Right"], 2));
    let mut bench = Bench::new(1);
    let start = bench.room.mix_rtp_time(bench.now());
    bench.want_mix();
    bench.play(send(1, 0, &encode_with(&pcm, true), true));
    let all = bench.ear.mix.iter().map(|packet| packet.at);
    let quiet: Vec<Duration> = all
        .filter(|at| (ms(5_000)..ms(19_900)).contains(at))
        .collect();
    assert_eq!(quiet.len(), 4, "{quiet:?}");
    let heard = decode(&bench.ear.mix, start);
    // Each part by itself: playing begins anew after a pause, not after the same delay to the sample.
    for part in [0..48_000, 960_000..1_056_000] {
        let (alike, lag) = likeness(&pcm[part.clone()], &heard[part.start..]);
        assert!(
            alike > 0.9 && lag <= 4_800,
            "{part:?}: likeness {alike}, lag {lag}"
        );
    }
    assert!(
        bench
            .ear
            .mix
            .windows(2)
            .all(|pair| pair[1].seq == pair[0].seq + 1)
    );
}

#[test]
fn a_frame_of_the_mix_that_is_lost_is_rebuilt_from_the_copy_in_the_next_one() {
    let mut bench = Bench::new(1);
    bench.want_mix();
    let frames = padded(encode(&talk(&["Front_Center"], 3)));
    bench.play(send(1, 0, &frames, true));
    let packets = &bench.ear.mix;
    let error = |in_its_place: fn(&mut Decoder, &[u8]) -> Vec<f32>| -> f32 {
        let mut decoder = Decoder::new();
        let mut spoilt = Decoder::new();
        let mut error = 0.0;
        for (number, pair) in packets.windows(2).enumerate() {
            let meant = decoder.decode(&pair[0].payload).unwrap();
            // One in ten is lost; the others bring the decoder back to what it should be.
            if number % 10 == 9 {
                let heard = in_its_place(&mut spoilt, &pair[1].payload);
                error += energy(
                    &heard
                        .iter()
                        .zip(meant)
                        .map(|(a, b)| a - b)
                        .collect::<Vec<_>>(),
                );
            } else {
                spoilt.decode(&pair[0].payload).unwrap();
            }
        }
        error
    };
    let rebuilt = error(|decoder, next| decoder.recover(next, FRAME_SAMPLES).unwrap().to_vec());
    let made_up = error(|decoder, _| decoder.conceal(FRAME_SAMPLES).unwrap().to_vec());
    assert!(rebuilt < 0.7 * made_up, "{rebuilt} and {made_up}");
}

#[test]
fn a_room_whose_mix_nobody_wants_makes_none() {
    let mut bench = Bench::new(1);
    bench.play(send(1, 0, &encode(&talk(&["Front_Center"], 2)), true));
    bench.until(ms(60_000));
    assert!(bench.ear.mix.is_empty());
    assert!(bench.wake_ups < 5, "{} wake-ups", bench.wake_ups);
}

#[test]
fn who_has_stopped_speaking_is_named_no_more_though_still_mixed() {
    let mut pcm = talk(&["Front_Center"], 1);
    pcm.extend(silence(4));
    let mut bench = Bench::new(1);
    bench.want_mix();
    bench.play(send(1, 0, &encode(&pcm), true));
    let named = bench
        .ear
        .mix
        .iter()
        .filter(|packet| !packet.csrcs.is_empty());
    let last = named.map(|packet| packet.at).max().unwrap();
    assert!(
        (ms(1_000)..ms(1_700)).contains(&last),
        "last named at {last:?}"
    );
}

#[test]
fn sound_that_is_read_late_but_with_the_time_at_which_it_came_is_mixed_as_if_read_at_once() {
    let arrivals = send(
        1,
        0,
        &padded(encode(&talk(&["Front_Center", "Rear_Left"], 4))),
        true,
    );
    let mixed = |held_up: std::ops::Range<std::time::Duration>| {
        let mut bench = Bench::new(1);
        bench.want_mix();
        for arrival in &arrivals {
            // While the thread is held up, the room's own deadlines are not served.
            if held_up.contains(&arrival.at) {
                bench.comes_unattended(arrival);
            } else {
                bench.play(vec![arrival.clone()]);
            }
        }
        let frames = bench.ear.mix.iter();
        frames
            .map(|heard| (heard.rtp_ts, heard.payload.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(mixed(ms(2_000)..ms(2_300)), mixed(ms(0)..ms(0)));
}
