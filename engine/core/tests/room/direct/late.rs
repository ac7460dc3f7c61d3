//! A single voice over a network that loses, delays and reorders.

use palabre_core::room::PackSize;
use proptest::prelude::*;

use super::{assert_in_order, assert_no_gap, packed, sent_to, sweep};
use crate::bench::{ms, send};
use crate::ear::decode;
use crate::likeness::likeness;
use crate::speech::{encode, talk};

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
