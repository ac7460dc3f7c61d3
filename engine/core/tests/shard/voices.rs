//! Who hears whom, and when not.

use std::time::Duration;

use palabre_core::shard::Door;

use crate::{ANN, World, good, stage, voice};

#[test]
fn a_speaker_is_heard_by_two_listeners_under_its_csrc_and_not_by_itself() {
    let mut world = stage(good());
    let said = voice();
    world.say(0, &said);
    world.run(Duration::from_millis(200));
    assert_eq!(world.heard(1), 0, "the own voice is left out");
    for listener in [2, 3] {
        let heard = &world.clients[listener].peer.heard;
        assert!(heard.len() > 30, "{} packets", heard.len());
        assert!(heard.iter().all(|packet| packet.header.csrc[0] == ANN));
        assert!(
            heard
                .iter()
                .all(|packet| said.contains(&packet.payload.to_vec()))
        );
        assert!(
            heard
                .windows(2)
                .all(|pair| *pair[1].seq_no == *pair[0].seq_no + 1)
        );
    }
}

#[test]
fn own_voice_leaves_no_gap_in_what_one_hears_of_others() {
    let mut world = stage(good());
    let microphone = world.connect("ben", Door::Whip, 1).unwrap();
    world.settle();
    let said = voice();
    for speaker in [microphone, 0, microphone] {
        world.say(speaker, &said);
        world.run(Duration::from_secs(3));
    }
    for ssrc in world.clients[1].accepted.ssrcs.clone() {
        let heard = &world.clients[1].peer.heard;
        let line: Vec<u64> = heard
            .iter()
            .filter(|packet| *packet.header.ssrc == ssrc)
            .map(|packet| *packet.seq_no)
            .collect();
        assert!(line.windows(2).all(|pair| pair[1] == pair[0] + 1));
    }
    assert!(world.heard(1) > 60);
}

#[test]
fn a_right_that_is_taken_away_silences_the_very_next_packet() {
    let mut world = stage(good());
    let said = voice();
    world.say(0, &said[..said.len() / 2]);
    world.run(Duration::from_millis(10));
    let before = world.heard(2);
    assert!(before > 10);
    world.admit("ann", ANN, false);
    world.say(0, &said[said.len() / 2..]);
    assert_eq!(world.heard(2), before, "the client goes on sending in vain");
}

#[test]
fn a_voice_that_waited_too_long_is_a_gap_and_what_comes_in_time_is_heard() {
    let mut world = stage(good());
    let say_after = |world: &mut World, waited_ms: u64| {
        let before = world.heard(2);
        world.shard.held_up(Duration::from_millis(waited_ms));
        world.say(0, &voice());
        world.heard(2) - before
    };
    assert!(say_after(&mut world, 90) > 30);
    assert_eq!(say_after(&mut world, 110), 0);
    let left_out = world.shard.counts().stale;
    assert!(left_out > 30, "{left_out} packets");
    assert!(say_after(&mut world, 0) > 30);
    let heard = &world.clients[2].peer.heard;
    let steps = heard
        .windows(2)
        .map(|pair| *pair[1].seq_no - *pair[0].seq_no);
    assert!(steps.max() > Some(left_out / 2), "the gap shows");
}

#[test]
fn who_has_one_line_hears_everybody_in_the_mix_under_their_csrcs() {
    let mut world = stage(good());
    let ear = world.connect("cy", Door::Whep, 1).unwrap();
    world.settle();
    (0..2).for_each(|_| world.say(0, &voice()));
    let client = &world.clients[ear];
    let spoken = |packet: &&str0m::rtp::RtpPacket| packet.header.csrc[0] == ANN;
    let heard = client.peer.heard.iter().filter(spoken).count();
    assert!(heard > 60, "{heard} packets name Ann");
    let line = client.accepted.ssrcs[0];
    let of_line = |packet: &str0m::rtp::RtpPacket| *packet.header.ssrc == line;
    assert!(client.peer.heard.iter().all(of_line));
}

#[test]
fn whoever_is_sent_to_learns_which_rtp_time_is_which_wall_clock_time() {
    let mut world = stage(good());
    let said = voice();
    for _ in 0..7 {
        world.say(0, &said);
    }
    world.run(Duration::from_millis(200));
    for listener in [2, 3] {
        let heard = &world.clients[listener].peer.heard;
        let reported = heard
            .iter()
            .filter(|packet| packet.last_sender_info.is_some());
        assert!((1..heard.len()).contains(&reported.count()));
    }
}
