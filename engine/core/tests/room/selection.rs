//! Who is forwarded.

use std::time::Duration;

use palabre_core::room::ParticipantKey;

use crate::bench::{Bench, csrc, ms, send};
use crate::speech::{Frame, encode, silence, talk, voice};

fn loud(name: &str, seconds: usize) -> Vec<Frame> {
    encode(&talk(&[name], seconds))
}

#[test]
fn a_voice_is_forwarded_from_its_first_loud_packet_on_without_any_delay() {
    for claims in [true, false] {
        let frames = encode(&voice("Front_Center"));
        let mut bench = Bench::new(1);
        bench.play(send(1, 0, &frames, claims));
        let first = frames.iter().position(|frame| frame.level <= 55).unwrap();
        let heard: Vec<_> = bench.ear.forwarded(1).collect();
        // Meters lag behind by a frame at most: the codec's own lookahead.
        assert!(
            heard[0].at <= ms(20 * first as u64 + 20),
            "claims: {claims}"
        );
        assert!(heard[0].marker && heard[0].csrcs == [csrc(1)]);
        assert!(
            heard.iter().all(|packet| packet.at.as_millis() % 20 == 0),
            "no packet waited"
        );
        let sent: Vec<_> = frames.iter().map(|frame| &frame.payload).collect();
        let tail = &sent[sent.len() - heard.len()..];
        assert!(
            heard
                .iter()
                .map(|packet| &packet.payload)
                .eq(tail.iter().copied())
        );
        assert!(heard.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1));
        assert!(
            heard
                .windows(2)
                .all(|pair| pair[1].rtp_ts == pair[0].rtp_ts.wrapping_add(960))
        );
    }
}

#[test]
fn never_more_than_three_voices_are_forwarded_and_the_slots_do_not_flutter() {
    let names = [
        "Front_Left",
        "Front_Right",
        "Rear_Left",
        "Rear_Right",
        "Side_Left",
    ];
    let mut bench = Bench::new(5);
    let arrivals = names
        .iter()
        .zip(1..)
        .flat_map(|(name, who)| send(who, u64::from(who) * 7, &loud(name, 20), true));
    bench.play(arrivals.collect());
    assert_eq!(bench.ear.slots.len(), 3);
    for packets in bench.ear.slots.values() {
        assert!(
            packets
                .windows(2)
                .all(|pair| pair[1].seq == pair[0].seq + 1)
        );
        let tenures = packets
            .chunk_by(|a, b| a.from == b.from)
            .map(|tenure| tenure.len());
        let short = tenures.filter(|packets| *packets < 15).count();
        assert!(short <= 1, "{short} tenures of less than 300 ms");
    }
    for who in 1..=5 {
        assert!(
            bench.ear.forwarded(who).count() > 100,
            "{who} was heard for 2 s of 20 at least"
        );
    }
}

#[test]
fn whoever_loses_the_right_is_dropped_with_the_very_next_packet() {
    let mut bench = Bench::new(1);
    bench.want_mix();
    let arrivals = send(1, 0, &loud("Front_Center", 4), true);
    let (before, after) = arrivals.split_at(100);
    bench.play(before.to_vec());
    let (slots, mix) = (bench.ear.forwarded(1).count(), bench.ear.mix.len());
    assert!(slots > 50 && mix > 50);
    bench.may_speak(1, false);
    assert_eq!(bench.ear.speaking.last().unwrap().1, []);
    bench.play(after.to_vec());
    assert_eq!(bench.ear.forwarded(1).count(), slots);
    assert!(
        bench.ear.mix[mix..]
            .iter()
            .all(|packet| packet.csrcs.is_empty())
    );
    bench.may_speak(1, true);
    bench.play(send(1, 5_000, &loud("Front_Center", 1), true));
    assert!(bench.ear.forwarded(1).count() > slots);
}

#[test]
fn who_claims_to_be_loud_and_is_not_keeps_no_slot() {
    let mut bench = Bench::new(4);
    let mut liar = encode(&silence(20));
    liar.iter_mut().for_each(|frame| frame.level = 0);
    let mut arrivals = send(4, 0, &liar, true);
    arrivals.extend((1..=3).flat_map(|who| send(who, 400, &loud("Front_Center", 10), true)));
    bench.play(arrivals);
    let last = bench
        .ear
        .forwarded(4)
        .map(|packet| packet.at)
        .max()
        .unwrap_or_default();
    assert!(last < ms(2_500), "the liar was last forwarded at {last:?}");
    assert!((1..=3).all(|who| bench.ear.forwarded(who).count() > 300));
}

#[test]
fn a_liar_who_begins_honestly_is_caught_too() {
    let mut bench = Bench::new(1);
    let mut frames = loud("Front_Center", 5);
    let mut lies = encode(&silence(20));
    lies.iter_mut().for_each(|frame| frame.level = 10);
    frames.extend(lies);
    bench.play(send(1, 0, &frames, true));
    let last = bench
        .ear
        .forwarded(1)
        .map(|packet| packet.at)
        .max()
        .unwrap();
    assert!(
        last < Duration::from_secs(5 + 3 + 3),
        "last forwarded at {last:?}"
    );
}

#[test]
fn a_pause_frees_the_slot_and_the_rings_go_out_in_step() {
    let mut bench = Bench::new(1);
    let mut pcm = talk(&["Front_Center"], 1);
    pcm.extend(silence(5));
    bench.play(send(1, 0, &encode(&pcm), true));
    bench.until(ms(8_000));
    let (lit, out) = (&bench.ear.speaking[0], bench.ear.speaking.last().unwrap());
    assert_eq!(lit.1, [ParticipantKey(1)]);
    assert!(
        out.1.is_empty() && out.0 < ms(1_800),
        "{:?}",
        bench.ear.speaking
    );
    assert_eq!(bench.ear.started[0], ParticipantKey(1));
    assert!(
        bench.ear.forwarded(1).all(|packet| packet.at < ms(3_500)),
        "silence is not forwarded"
    );
    assert_eq!(
        bench.room.next_timeout(),
        None,
        "an idle room asks for no wake-up"
    );
}

#[test]
fn a_new_speaker_goes_on_where_the_slot_was() {
    let mut bench = Bench::new(2);
    let mut arrivals = send(1, 0, &loud("Front_Left", 2), true);
    arrivals.extend(send(2, 10_000, &loud("Front_Right", 2), true));
    bench.play(arrivals);
    let mut packets: Vec<_> = bench.ear.slots.values().flatten().collect();
    packets.sort_by_key(|packet| (packet.ssrc, packet.seq));
    for pair in packets
        .windows(2)
        .filter(|pair| pair[0].ssrc == pair[1].ssrc)
    {
        let elapsed = (pair[1].at - pair[0].at).as_millis() as u32 * 48;
        let step = pair[1].rtp_ts.wrapping_sub(pair[0].rtp_ts);
        assert!(step.abs_diff(elapsed) <= 1_000, "{step} for {elapsed}");
        assert_eq!(pair[1].marker, pair[1].from != pair[0].from);
    }
}

#[test]
fn sound_that_comes_faster_than_time_is_cut() {
    let frames = loud("Front_Center", 60);
    let mut arrivals = send(1, 0, &frames, true);
    arrivals.iter_mut().for_each(|arrival| arrival.at /= 10);
    let mut bench = Bench::new(1);
    bench.play(arrivals);
    let heard = bench.ear.forwarded(1).count();
    assert!(heard < 500, "{heard} packets in 6 s");
}

#[test]
fn who_comes_back_with_new_numbers_is_heard_again_at_once() {
    let frames = loud("Front_Center", 1);
    let mut bench = Bench::new(1);
    bench.play(send(1, 0, &frames, false));
    bench.ear.slots.clear();
    let mut again = send(1, 4_000, &frames, false);
    for arrival in &mut again {
        arrival.ssrc = 999;
        arrival.seq = arrival.seq.wrapping_sub(20_000);
    }
    bench.play(again);
    let first = bench
        .ear
        .forwarded(1)
        .map(|packet| packet.at)
        .min()
        .unwrap();
    assert!(first < ms(4_300), "first heard at {first:?}");
}
