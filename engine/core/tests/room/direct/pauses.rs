//! A single voice that pauses: what its sender does not send.

use palabre_core::room::PackSize;

use super::{assert_in_order, assert_no_gap, packed, sweep};
use crate::bench::{ms, send};
use crate::ear::decode;
use crate::likeness::likeness;
use crate::speech::{encode_with, silence, talk};

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
