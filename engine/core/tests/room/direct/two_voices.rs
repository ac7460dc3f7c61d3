//! A second voice: the mix takes over, and hands back.

use palabre_core::room::PackSize;

use super::{assert_in_order, assert_no_gap, packed, sweep, unpacked};
use crate::bench::{csrc, ms, send};
use crate::ear::{Heard, decode};
use crate::likeness::likeness;
use crate::speech::{Frame, encode, silence, talk, with_later};

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
