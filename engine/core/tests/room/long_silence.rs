//! Rooms in which nobody speaks for hours: 32-bit times wrap around after a day, and look as if they went back after half
//! of one.

use std::time::Duration;

use palabre_core::room::PackSize;

use crate::bench::{Arrival, Bench, ms, send};
use crate::direct::{sent_to, sweep};
use crate::speech::Frame;

const SILENT_HOURS: [u64; 4] = [13, 20, 25, 38];
const HOUR: Duration = Duration::from_secs(3_600);
const GROUPS: u8 = 3;

/// Who listens to the mix before, during and after the silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audience {
    Always,
    BeforeAndAfter,
    After,
}

/// A room in which Ann said `said`, and nobody anything for so many hours since. What came out of it is forgotten.
fn silent_for(hours: u64, audience: Audience, said: &[Frame]) -> Bench {
    let mut bench = Bench::new(2);
    bench.pack(PackSize::Three);
    if audience != Audience::After {
        bench.want_mix();
    }
    bench.play(send(1, 0, said, true));
    bench.until(ms(10_000));
    if audience == Audience::BeforeAndAfter {
        bench.want_no_mix();
    }
    for hour in 1..=hours {
        bench.until(HOUR * hour as u32);
        bench.ear.mix.clear();
        bench.ear.moments.clear();
    }
    bench.ear.slots.clear();
    if audience != Audience::Always {
        bench.want_mix();
    }
    bench
}

/// What one says now that said as much at the beginning: its numbers go on, and its time has.
fn says_again(bench: &Bench, who: u32, said: &[Frame]) -> Vec<Arrival> {
    let now_ms = bench.ear.now.as_millis() as u64;
    let mut arrivals = send(who, now_ms, said, true);
    for arrival in &mut arrivals {
        arrival.seq = arrival.seq.wrapping_add(said.len() as u16);
        arrival.rtp_ts = arrival.rtp_ts.wrapping_add((now_ms * 48) as u32);
    }
    arrivals
}

/// How far a packet's time is from the line's when it came, in samples.
fn skew(bench: &Bench, packet: &crate::ear::Heard) -> u32 {
    let at = bench.now() - (bench.ear.now - packet.at);
    let clock = bench.room.mix_rtp_time(at);
    packet
        .rtp_ts
        .wrapping_sub(clock)
        .cast_signed()
        .unsigned_abs()
}

fn each(test: impl Fn(u64, Audience)) {
    for hours in SILENT_HOURS {
        for audience in [Audience::Always, Audience::BeforeAndAfter, Audience::After] {
            test(hours, audience);
        }
    }
}

#[test]
fn after_hours_of_silence_a_voice_is_forwarded_whole() {
    let said = sweep(2);
    each(|hours, audience| {
        let mut bench = silent_for(hours, audience, &said);
        bench.play(says_again(&bench, 1, &said));
        let forwarded = bench.ear.forwarded(1).count();
        assert_eq!(forwarded, 100, "{hours} h, {audience:?}");
    });
}

#[test]
fn after_hours_of_silence_one_voice_alone_is_heard_whole_in_the_mix() {
    let said = sweep(2);
    each(|hours, audience| {
        let mut bench = silent_for(hours, audience, &said);
        bench.play(says_again(&bench, 1, &said));
        bench.until(bench.ear.now + ms(1_000));
        for group in 0..GROUPS {
            let heard = sent_to(&bench, group, &said);
            assert_eq!(
                heard,
                (0..100).collect::<Vec<_>>(),
                "{hours} h, {audience:?}"
            );
        }
        let mut packets = bench.ear.mix.iter();
        assert!(
            packets.all(|packet| skew(&bench, packet) < 48_000),
            "{hours} h, {audience:?}"
        );
    });
}

#[test]
fn after_hours_of_silence_two_voices_are_mixed_and_the_time_of_the_mix_has_gone_on() {
    let said = sweep(2);
    each(|hours, audience| {
        let mut bench = silent_for(hours, audience, &said);
        let [ann, ben] = [1, 2].map(|who| says_again(&bench, who, &said));
        bench.play([ann, ben].concat());
        bench.until(bench.ear.now + ms(1_000));
        let of_both = bench
            .ear
            .mix
            .iter()
            .filter(|packet| packet.csrcs.len() == 2);
        assert!(of_both.clone().count() > 80, "{hours} h, {audience:?}");
        assert!(
            bench
                .ear
                .mix
                .iter()
                .all(|packet| skew(&bench, packet) < 48_000)
        );
    });
}

#[test]
fn a_recording_of_hours_of_silence_is_as_long_as_it_took() {
    let said = sweep(2);
    let mut bench = Bench::new(1);
    bench.record("a long night");
    bench.play(send(1, 0, &said, true));
    bench.until(13 * HOUR);
    bench.play(says_again(&bench, 1, &said));
    bench.stop_recording();
    bench.until(bench.ear.now + ms(1_000));
    let (_, recorded_ms) = bench.ear.stopped[0];
    let took_ms = 13 * HOUR.as_millis() as u64 + 2_000;
    assert!(
        recorded_ms.abs_diff(took_ms) < 100,
        "{recorded_ms} of {took_ms} ms"
    );
}
