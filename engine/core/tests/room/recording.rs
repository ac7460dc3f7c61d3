//! A recording is what was said, as long as it took.

use palabre_core::ogg::{Reader, repair};
use palabre_core::opus::Decoder;
use palabre_core::recording::{MAX_LEVEL, summarise};
use palabre_core::room::RecordingKey;

use crate::bench::{Bench, ms, send};
use crate::likeness::likeness;
use crate::speech::{encode, silence, talk, with_later};

fn decoded(file: &[u8]) -> Vec<f32> {
    let (reader, mut decoder) = (
        Reader::open(file).expect("a recording is Ogg Opus"),
        Decoder::new(),
    );
    let mut pcm = Vec::new();
    for packet in reader.packets() {
        pcm.extend_from_slice(decoder.decode(packet).expect("a recording decodes"));
    }
    pcm.drain(..usize::from(reader.head().pre_skip));
    pcm.truncate(reader.samples() as usize);
    pcm
}

#[test]
fn a_recording_holds_what_was_said_and_lasts_as_long_as_the_wall_clock_says() {
    let mut pcm = talk(&["Front_Center"], 4);
    pcm.extend(silence(20));
    pcm.extend(talk(&["Rear_Left"], 4));
    let mut bench = Bench::new(1);
    bench.record("Conseil du 3 mai");
    bench.play(send(1, 0, &encode(&pcm), true));
    bench.until(ms(30_000));
    bench.stop_recording();
    assert_eq!(bench.ear.stopped, [(RecordingKey(1), 30_000)]);
    let summary = summarise(&bench.ear.pages).unwrap();
    assert_eq!((summary.duration_ms, summary.ended), (30_000, true));
    assert_eq!(summary.title, "Conseil du 3 mai");
    assert!(
        summary.levels[20..75].iter().all(|level| *level <= 1),
        "{:?}",
        summary.levels
    );
    assert!(summary.levels.contains(&MAX_LEVEL));
    let heard = decoded(&bench.ear.pages);
    assert_eq!(heard.len(), 30 * 48_000);
    for part in [0..4, 24..28] {
        let (said, heard) = (&pcm[part.start * 48_000..], &heard[part.start * 48_000..]);
        let (alike, lag) = likeness(&said[..4 * 48_000], heard);
        assert!(
            alike > 0.9 && lag <= 4_800,
            "{part:?}: likeness {alike}, lag {lag}"
        );
    }
}

#[test]
fn a_recording_holds_every_word_where_a_second_voice_interrupts_one_that_listeners_heard_directly()
{
    let mut ann = talk(&["Front_Center", "Rear_Left"], 4);
    ann.extend(silence(2));
    let mut ben = silence(2);
    ben.extend(talk(&["Rear_Right"], 2));
    ben.extend(silence(2));
    let mut bench = Bench::new(2);
    bench.want_mix();
    bench.record("both");
    bench.play(
        [
            send(1, 0, &encode(&ann), true),
            send(2, 0, &encode(&ben), true),
        ]
        .concat(),
    );
    bench.until(ms(8_000));
    bench.stop_recording();
    assert_eq!(bench.ear.stopped, [(RecordingKey(1), 8_000)]);
    let heard = decoded(&bench.ear.pages);
    let said = with_later(&ann, &[&ben], 60);
    for part in [0..2, 2..4, 0..4] {
        let (from, to) = (part.start * 48_000, part.end * 48_000);
        let (alike, lag) = likeness(&said[from..to], &heard[from..]);
        assert!(
            alike > 0.95 && lag < 4_800,
            "{part:?}: likeness {alike}, lag {lag}"
        );
    }
}

#[test]
fn a_stop_in_mid_word_keeps_all_that_was_said_up_to_it_and_hardly_more() {
    let pcm = talk(&["Front_Center"], 4);
    for (stop, ends_at_once) in [(1_210, false), (1_305, false), (1_400, true)] {
        let mut bench = Bench::new(1);
        bench.record("short");
        let (before, after) = send(1, 0, &encode(&pcm), true)
            .into_iter()
            .partition(|arrival| arrival.at <= ms(stop));
        bench.play(before);
        bench.until(ms(stop));
        if ends_at_once {
            let now = bench.now();
            bench.room.end_recording(now, &mut bench.ear);
        } else {
            bench.stop_recording();
            bench.play(after);
        }
        assert_eq!(bench.ear.stopped.len(), 1);
        let heard = decoded(&bench.ear.pages);
        let (last, said) = (stop as usize * 48 - 28_800, stop as usize * 48);
        let (_, lag) = likeness(&pcm[..said], &heard);
        let (alike, tail) = likeness(&pcm[last..said], &heard[last..]);
        assert!(
            alike > 0.9 && tail.abs_diff(lag) < 480,
            "{stop} ms: likeness {alike}, lags {lag} and {tail}"
        );
        assert!(heard.len() >= said + lag, "{stop} ms: its end is missing");
        let more = heard.len() - said - lag;
        assert!(
            more <= 40 * 48,
            "{stop} ms: {more} samples of what came later"
        );
    }
}

#[test]
fn a_recording_in_which_nobody_speaks_is_silence_of_the_right_length_and_few_wake_ups() {
    let mut bench = Bench::new(0);
    bench.record("");
    bench.until(ms(60_000));
    bench.stop_recording();
    let summary = summarise(&bench.ear.pages).unwrap();
    assert_eq!((summary.duration_ms, summary.levels), (60_000, [0; 100]));
    assert!(bench.wake_ups <= 151, "{} wake-ups", bench.wake_ups);
    assert!(bench.ear.mix.is_empty(), "nobody listens to the mix");
    assert_eq!(bench.room.next_timeout(), None);
}

#[test]
fn a_recording_killed_at_any_moment_keeps_all_but_the_last_second() {
    let arrivals = send(1, 0, &encode(&talk(&["Front_Center"], 5)), true);
    for kill in (1_100..5_000).step_by(370) {
        let mut bench = Bench::new(1);
        bench.record("killed");
        bench.play(
            arrivals
                .iter()
                .filter(|arrival| arrival.at <= ms(kill))
                .cloned()
                .collect(),
        );
        bench.until(ms(kill));
        let mut file = bench.ear.pages;
        file.extend_from_slice(b"OggS\0 and then the power went");
        assert!(repair(&mut file).unwrap());
        let summary = summarise(&file).unwrap();
        assert!(
            summary.ended && summary.duration_ms + 1_000 >= kill,
            "{kill}: {}",
            summary.duration_ms
        );
        let heard = decoded(&file);
        assert_eq!(
            heard.len() as u64,
            summary.duration_ms * 48 + heard.len() as u64 % 48
        );
    }
}

#[test]
fn a_recording_killed_in_a_long_silence_keeps_all_but_the_last_second_where_people_listen_too() {
    for kill in (10_100..20_000).step_by(370) {
        let mut bench = Bench::new(0);
        bench.want_mix();
        bench.record("killed");
        bench.until(ms(kill));
        let mut file = bench.ear.pages;
        repair(&mut file).unwrap();
        let duration_ms = summarise(&file).unwrap().duration_ms;
        assert!(duration_ms + 1_000 >= kill, "{kill}: {duration_ms}");
    }
}

#[test]
fn a_machine_that_slept_leaves_silence_and_the_right_length() {
    let mut bench = Bench::new(1);
    bench.record("nap");
    let arrivals = send(1, 0, &encode(&talk(&["Front_Center"], 2)), true);
    bench.play(arrivals);
    // No wake-up for an hour.
    bench.ear.now += ms(3_600_000);
    bench.stop_recording();
    let (_, duration_ms) = bench.ear.stopped[0];
    assert!(
        (3_601_900..=3_602_000).contains(&duration_ms),
        "{duration_ms}"
    );
    assert_eq!(
        summarise(&bench.ear.pages).unwrap().duration_ms,
        duration_ms
    );
}

#[test]
fn a_second_recording_ends_the_first() {
    let mut bench = Bench::new(0);
    bench.record("one");
    bench.until(ms(2_000));
    let now = bench.now();
    bench
        .room
        .start_recording(RecordingKey(2), "two", now, &mut bench.ear);
    bench.until(ms(5_000));
    bench.stop_recording();
    assert_eq!(
        bench.ear.stopped,
        [(RecordingKey(1), 2_000), (RecordingKey(2), 3_000)]
    );
}

#[test]
fn a_second_recording_loses_no_word_and_hurries_nobody_who_listens() {
    let pcm = talk(&["Front_Center"], 4);
    let mut bench = Bench::new(1);
    bench.want_mix();
    bench.record("one");
    let (before, after) = send(1, 0, &encode(&pcm), true)
        .into_iter()
        .partition(|arrival| arrival.at <= ms(1_305));
    bench.play(before);
    bench.until(ms(1_305));
    let sent = bench.ear.mix.len();
    let now = bench.now();
    bench
        .room
        .start_recording(RecordingKey(2), "two", now, &mut bench.ear);
    assert_eq!(bench.ear.mix.len(), sent);
    bench.play(after);
    bench.stop_recording();
    bench.until(ms(5_000));
    let lasted: u64 = bench.ear.stopped.iter().map(|(_, ms)| *ms).sum();
    assert!((4_000..=4_100).contains(&lasted), "{lasted} ms of 4,000");
    let ticks = bench.ear.mix.windows(2);
    assert!(ticks.clone().all(|pair| pair[0].at <= pair[1].at));
    let gaps = ticks.filter(|pair| pair[1].at > pair[0].at + ms(20));
    assert_eq!(gaps.filter(|pair| pair[1].at < ms(4_000)).count(), 0);
}
