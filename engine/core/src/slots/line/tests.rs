use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn packet(ssrc: u32, seq: u16, rtp_ts: u32) -> AudioPacket<'static> {
    AudioPacket {
        ssrc,
        seq,
        rtp_ts,
        marker: false,
        claimed_level: None,
        payload: &[0xf8, 0xff, 0xfe],
    }
}

fn line(now: Instant) -> Line {
    Line::new(7, now, &mut SplitMix64::new(1))
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn a_change_of_speaker_goes_on_in_sequence_and_in_time() {
    let now = Instant::now();
    let mut line = line(now);
    let first = line.place(now, &packet(1, 500, 9_000), 960).unwrap();
    let second = line
        .place(now + ms(20), &packet(1, 501, 9_960), 960)
        .unwrap();
    line.vacate();
    let third = line.place(now + ms(1_020), &packet(2, 40, 1), 960).unwrap();
    assert_eq!((second.seq - first.seq, third.seq - second.seq), (1, 1));
    assert_eq!(third.rtp_ts.wrapping_sub(second.rtp_ts), 48_000);
    assert_eq!(
        (first.marker, second.marker, third.marker),
        (true, false, true)
    );
}

#[test]
fn a_pause_of_the_sender_leaves_the_timestamps_going_with_time() {
    let now = Instant::now();
    let mut line = line(now);
    let before = line.place(now, &packet(1, 0, 0), 960).unwrap();
    let after = line
        .place(now + ms(10_000), &packet(1, 1, 480_000), 960)
        .unwrap();
    assert_eq!(after.rtp_ts.wrapping_sub(before.rtp_ts), 480_000);
    assert!(!after.marker);
}

/// Timestamps wrap around after a day and look as if they went back after half of one.
const SILENT_HOURS: [u64; 4] = [13, 20, 25, 38];

#[test]
fn after_hours_of_silence_the_next_speaker_is_heard_and_the_time_has_gone_on() {
    for hours in SILENT_HOURS {
        let now = Instant::now();
        let mut line = line(now);
        let before = line.place(now, &packet(1, 0, 0), 960).unwrap();
        line.vacate();
        let later = now + Duration::from_secs(hours * 3_600);
        let after = line.place(later, &packet(2, 40, 7), 960).unwrap();
        let next = line
            .place(later + ms(20), &packet(2, 41, 967), 960)
            .unwrap();
        assert_eq!(
            after.rtp_ts.wrapping_sub(before.rtp_ts),
            samples(later - now),
            "{hours} h"
        );
        assert_eq!(next.rtp_ts.wrapping_sub(after.rtp_ts), 960);
    }
}

#[test]
fn a_voice_that_pauses_for_hours_in_its_slot_goes_on_as_after_any_pause() {
    for hours in SILENT_HOURS {
        let now = Instant::now();
        let mut line = line(now);
        let before = line.place(now, &packet(1, 0, 0), 960).unwrap();
        let pause = Duration::from_secs(hours * 3_600);
        let resumed = packet(1, 1, samples(pause));
        let after = line.place(now + pause, &resumed, 960).unwrap();
        assert_eq!(after.rtp_ts.wrapping_sub(before.rtp_ts), samples(pause));
        assert!(!after.marker, "{hours} h");
    }
}

#[test]
fn a_late_packet_fills_its_own_gap_once() {
    let now = Instant::now();
    let mut line = line(now);
    let first = line.place(now, &packet(1, 65_535, 0), 960).unwrap();
    let third = line.place(now + ms(40), &packet(1, 1, 1_920), 960).unwrap();
    let second = line.place(now + ms(41), &packet(1, 0, 960), 960).unwrap();
    assert_eq!((second.seq, third.seq), (first.seq + 1, first.seq + 2));
    assert_eq!(line.place(now + ms(42), &packet(1, 0, 960), 960), None);
    assert_eq!(
        line.place(now + ms(42), &packet(1, 65_534, 0), 960),
        None,
        "before its tenure"
    );
}

#[test]
fn a_timestamp_that_jumps_is_set_back_to_the_time() {
    let now = Instant::now();
    let mut line = line(now);
    let before = line.place(now, &packet(1, 0, 0), 960).unwrap();
    let after = line
        .place(now + ms(20), &packet(1, 1, 0x7000_0000), 960)
        .unwrap();
    let next = line
        .place(now + ms(40), &packet(1, 2, 0x7000_0000 + 960), 960)
        .unwrap();
    assert_eq!(after.rtp_ts.wrapping_sub(before.rtp_ts), 960);
    assert_eq!(next.rtp_ts.wrapping_sub(after.rtp_ts), 960);
    assert!(after.marker);
}

proptest! {
    #[test]
    fn no_number_is_given_twice_and_time_stays_near_whatever_comes(
        steps in proptest::collection::vec(
            (0u64..200, 0u32..3, any::<u16>(), any::<u32>(), 0u8..8, any::<bool>()), 1..300)
    ) {
        let start = Instant::now();
        let (mut line, mut now, mut seen, mut highest) = (line(start), start, HashSet::new(), 0);
        let (mut seq, mut rtp_ts) = (0u16, 0u32);
        for (pause, ssrc, wild_seq, wild_ts, kind, vacate) in steps {
            now += ms(pause);
            (seq, rtp_ts) = match kind {
                0 => (wild_seq, wild_ts),
                1 => (seq.wrapping_sub(wild_seq % 70), rtp_ts.wrapping_sub(960)),
                _ => (seq.wrapping_add(1), rtp_ts.wrapping_add(960)),
            };
            if vacate && kind == 2 {
                line.vacate();
            }
            let Some(placed) = line.place(now, &packet(ssrc, seq, rtp_ts), 960) else { continue };
            prop_assert!(seen.insert(placed.seq));
            prop_assert!(time_distance(placed.rtp_ts, line.clock(now)).abs() <= MAX_AHEAD + MAX_SKEW + 960
                || placed.seq < highest);
            if placed.marker && placed.seq <= highest {
                prop_assert!(false, "a new tenure went backwards");
            }
            highest = highest.max(placed.seq);
        }
    }
}
