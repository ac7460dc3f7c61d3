//! Voices on bad networks, seeded: mixed, and as they go straight into the packs.

use std::time::Duration;

use crate::bench::{Arrival, Bench, ms, send};
use crate::ear::{decode, energy};
use crate::likeness::likeness;
use crate::speech::{encode, padded, talk};

/// Seeded chance (Knuth's MMIX generator): enough for weather.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

struct Weather {
    loss_percent: u64,
    twice_percent: u64,
    /// Each packet comes up to this late, which reorders them.
    late_ms: u64,
}

fn through(arrivals: Vec<Arrival>, weather: &Weather, seed: u64) -> Vec<Arrival> {
    let mut dice = Dice(seed);
    let mut arrived = Vec::new();
    for arrival in arrivals {
        let copies = 1 + u64::from(dice.below(100) < weather.twice_percent);
        for _ in 0..copies {
            if dice.below(100) >= weather.loss_percent {
                let at = arrival.at + ms(dice.below(weather.late_ms + 1));
                arrived.push(Arrival {
                    at,
                    ..arrival.clone()
                });
            }
        }
    }
    arrived
}

/// How like the original the mix is, and how late in samples.
fn heard_through(weather: &Weather, seed: u64) -> (f32, usize) {
    let pcm = talk(&["Front_Center", "Rear_Left", "Side_Right"], 10);
    let mut bench = Bench::new(1);
    let start = bench.room.mix_rtp_time(bench.now());
    bench.want_mix();
    bench.play(through(
        send(1, 0, &padded(encode(&pcm)), true),
        weather,
        seed,
    ));
    likeness(&pcm, &decode(&bench.ear.mix, start))
}

#[test]
fn jitter_of_40_ms_reordering_and_duplicates_are_not_heard() {
    let weather = Weather {
        loss_percent: 0,
        twice_percent: 10,
        late_ms: 40,
    };
    for seed in 1..=3 {
        let (alike, lag) = heard_through(&weather, seed);
        assert!(alike > 0.85, "seed {seed}: likeness {alike}, lag {lag}");
        assert!(lag <= 6_000, "seed {seed}: lag {lag}");
    }
}

#[test]
fn a_twentieth_of_the_packets_lost_is_hardly_heard() {
    let weather = Weather {
        loss_percent: 5,
        twice_percent: 0,
        late_ms: 10,
    };
    for seed in 1..=3 {
        let (alike, lag) = heard_through(&weather, seed);
        assert!(alike > 0.8, "seed {seed}: likeness {alike}, lag {lag}");
    }
}

#[test]
fn a_sender_whose_clock_is_off_by_1000_ppm_is_heard_with_a_bounded_delay() {
    let pcm = talk(&["Front_Center"], 80);
    let frames = padded(encode(&pcm));
    for fast in [true, false] {
        let mut arrivals = send(1, 0, &frames, true);
        for arrival in &mut arrivals {
            let off = arrival.at / 1_000;
            arrival.at = if fast {
                arrival.at - off
            } else {
                arrival.at + off
            };
        }
        let mut bench = Bench::new(1);
        let start = bench.room.mix_rtp_time(bench.now());
        bench.want_mix();
        bench.play(arrivals);
        let heard = decode(&bench.ear.mix, start);
        // After 75 s the sender's clock is off by 75 ms.
        let (tail, shift) = (75 * 48_000, 75 * 48);
        let from = if fast { tail - shift } else { tail + shift };
        let (alike, lag) = likeness(&pcm[tail..], &heard[from..]);
        assert!(
            alike > 0.9 && lag <= 4_800,
            "fast: {fast}, likeness {alike}, lag {lag}"
        );
    }
}

#[test]
fn after_a_stall_of_a_second_the_voice_is_there_again() {
    let pcm = talk(&["Front_Center"], 8);
    let mut arrivals = send(1, 0, &padded(encode(&pcm)), true);
    for arrival in &mut arrivals {
        if (ms(3_000)..ms(4_000)).contains(&arrival.at) {
            arrival.at = ms(4_000);
        }
    }
    let mut bench = Bench::new(1);
    let start = bench.room.mix_rtp_time(bench.now());
    bench.want_mix();
    bench.play(arrivals);
    let heard = decode(&bench.ear.mix, start);
    let (alike, lag) = likeness(&pcm[6 * 48_000..7 * 48_000], &heard[6 * 48_000..]);
    assert!(alike > 0.8 && lag <= 9_600, "likeness {alike}, lag {lag}");
    let stalled = energy(&heard[(3.3 * 48_000.0) as usize..(3.9 * 48_000.0) as usize]);
    assert!(stalled < 1.0, "nothing is made up for long: {stalled}");
    assert_eq!(bench.ear.now, Duration::from_millis(7_980));
}
