//! A single voice: which frames go into which packs, and when.

use palabre_core::opus::SILENT_FRAME;
use palabre_core::room::PackSize;

use super::{assert_in_order, packed, sent_to, sweep, unpacked};
use crate::bench::{Bench, csrc, ms, send};

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
