//! The packed floor: who hears the slots and who the mix, and what is heard across a move.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod link_common;
mod shard_common;

use std::collections::BTreeSet;
use std::time::Duration;

use palabre_core::opus::{Encoder, FRAME_SAMPLES, inspect};
use palabre_core::room::PackSize;
use palabre_core::shard::{Door, FloorRules, Limits, ShardEvent};
use palabre_load::Speech;
use palabre_load::netem::Conditions;
use proptest::prelude::*;
use shard_common::World;
use str0m::rtp::RtpPacket;

const ANN: u32 = 101;
const LINES: usize = 4;

/// The Opus frames of a recorded voice.
fn voice() -> Vec<Vec<u8>> {
    let speech = Speech::from_wavs(&["/usr/share/sounds/alsa/Front_Center.wav"]).unwrap();
    speech.frames.into_iter().map(|frame| frame.opus).collect()
}

/// A tone without any pause.
fn tone(seconds: usize) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(32_000, 0);
    let frame = |at: usize| -> [f32; FRAME_SAMPLES] {
        std::array::from_fn(|n| 0.3 * ((at * FRAME_SAMPLES + n) as f32 * 0.03).sin())
    };
    (0..seconds * 50)
        .map(|at| {
            encoder
                .encode(&frame(at), &mut [0; 1_275])
                .unwrap()
                .to_vec()
        })
        .collect()
}

/// A room that is packed with more than `above` listeners: Ann's microphone (0), Ann's ear (1), and the ears of `others`,
/// who may not speak and are the participants 2, 3 and so on.
fn room(above: usize, others: usize) -> World {
    let rules = FloorRules {
        above,
        frames: Some(PackSize::Three),
        ..FloorRules::default()
    };
    room_with(rules, others)
}

fn room_with(floor: FloorRules, others: usize) -> World {
    let limits = Limits {
        floor,
        ..Limits::default()
    };
    let mut world = World::new(Conditions::default(), 1, limits);
    world.admit("ann", ANN, true);
    world.connect("ann", Door::Whip, 1).unwrap();
    world.connect("ann", Door::Whep, LINES).unwrap();
    for _ in 0..others {
        come(&mut world);
    }
    world.settle();
    world
}

fn name(client: usize) -> String {
    format!("p{client}")
}

fn csrc(client: usize) -> u32 {
    1_000 + client as u32
}

/// One more listener; its number is its name's.
fn come(world: &mut World) -> usize {
    let client = world.clients.len();
    world.admit(&name(client), csrc(client), false);
    world.connect(&name(client), Door::Whep, LINES).unwrap()
}

/// What a client heard in the slots, and in the mix.
fn heard(world: &World, client: usize) -> (Vec<&RtpPacket>, Vec<&RtpPacket>) {
    let mix = world.clients[client].accepted.ssrcs[LINES - 1];
    let packets = world.clients[client].peer.heard.iter();
    packets.partition(|packet| *packet.header.ssrc != mix)
}

/// The RTP times of the frames in packets, in order.
fn times(packets: &[&RtpPacket]) -> Vec<u32> {
    let of = |packet: &&RtpPacket| {
        let frames = inspect(&packet.payload).unwrap().frames as u32;
        let first = packet.header.timestamp;
        (0..frames).map(move |frame| first.wrapping_add(960 * frame))
    };
    packets.iter().flat_map(of).collect()
}

fn forget(world: &mut World) {
    let heard = |client: &mut shard_common::Client| client.peer.heard.clear();
    world.clients.iter_mut().for_each(heard);
}

/// On each line a client's numbers follow one another, and no frame of the mix comes twice.
fn assert_whole(world: &World, client: usize) {
    for ssrc in &world.clients[client].accepted.ssrcs {
        let heard = &world.clients[client].peer.heard;
        let line = heard.iter().filter(|packet| *packet.header.ssrc == *ssrc);
        let numbers: Vec<u64> = line.map(|packet| *packet.seq_no).collect();
        let whole = numbers.windows(2).all(|pair| pair[1] == pair[0] + 1);
        assert!(whole, "client {client}: {numbers:?}");
    }
    let mut times = times(&heard(world, client).1);
    times.sort_unstable();
    assert!(times.windows(2).all(|pair| pair[0] != pair[1]));
}

fn second() -> Duration {
    Duration::from_secs(1)
}

#[test]
fn a_room_that_grows_moves_its_listeners_to_the_mix_in_a_pause_and_they_hear_every_frame_once() {
    let mut world = room(3, 2);
    let sessions = world.shard.links();
    world.say(0, &voice());
    world.run(second());
    for client in [2, 3] {
        let (slots, mix) = heard(&world, client);
        assert!(slots.len() > 30 && mix.is_empty());
    }
    come(&mut world);
    world.settle();
    forget(&mut world);
    world.run(second());
    world.say(0, &voice());
    world.run(second());
    let reference = times(&heard(&world, 4).1);
    assert!(reference.len() > 60, "{} frames", reference.len());
    for client in [2, 3, 4] {
        let (slots, mix) = heard(&world, client);
        assert!(slots.is_empty(), "client {client}");
        // Those who were moved have heard a silent frame or two less, or more.
        let own = times(&mix);
        let speech = |times: &[u32]| -> Vec<u32> {
            let runs = times
                .windows(2)
                .filter(|pair| pair[1].wrapping_sub(pair[0]) == 960);
            runs.map(|pair| pair[0]).collect()
        };
        assert_eq!(speech(&own), speech(&reference));
        assert!(mix.len() * 2 < own.len(), "{} packets", mix.len());
        assert!(mix.iter().any(|packet| packet.header.csrc[0] == ANN));
        assert_whole(&world, client);
    }
    assert_eq!(
        world.heard(1),
        0,
        "who may speak stays on the slots, where its own voice is left out"
    );
    assert_eq!(world.shard.links(), sessions + 1);
    let gone = |event: &ShardEvent| matches!(event, ShardEvent::Disconnected { .. });
    assert!(
        !world.out.events.iter().any(gone),
        "nobody had to come back"
    );
}

#[test]
fn in_a_speech_without_a_pause_a_move_comes_after_seconds_and_the_mix_takes_over_without_a_gap() {
    let mut world = room(3, 2);
    let tone = tone(9);
    world.say(0, &tone[..100]);
    come(&mut world);
    world.say(0, &tone[100..]);
    world.run(second());
    for client in [2, 3] {
        let (slots, mix) = heard(&world, client);
        let (last, first) = (
            slots.last().unwrap().timestamp,
            mix.first().unwrap().timestamp,
        );
        let gap = first.saturating_duration_since(last);
        // A turn of three ticks, and the slot's last packet before it.
        assert!(
            gap <= Duration::from_millis(100),
            "client {client}: {gap:?}"
        );
        assert!(slots.len() > 250, "{} packets", slots.len());
        assert!(times(&mix).len() > 100);
        assert_whole(&world, client);
        let sound: Vec<u32> = times(&mix).into_iter().take(100).collect();
        assert!(
            sound
                .windows(2)
                .all(|pair| pair[1].wrapping_sub(pair[0]) == 960)
        );
    }
}

#[test]
fn a_hand_that_is_allowed_brings_its_listener_back_to_the_slots_and_a_right_that_is_taken_to_the_mix()
 {
    let mut world = room(1, 3);
    world.say(0, &voice());
    world.run(3 * second());
    forget(&mut world);
    world.admit(&name(2), csrc(2), true);
    world.run(second());
    world.say(0, &voice());
    world.run(3 * second());
    assert!(heard(&world, 2).0.len() > 30 && heard(&world, 3).0.is_empty());
    assert!(heard(&world, 3).1.len() > 15);
    assert_whole(&world, 2);
    world.admit(&name(2), csrc(2), false);
    world.run(second());
    forget(&mut world);
    world.say(0, &voice());
    world.run(second());
    assert!(heard(&world, 2).0.is_empty() && heard(&world, 2).1.len() > 15);
    assert_whole(&world, 2);
}

#[test]
fn who_is_allowed_and_speaks_at_once_never_hears_itself_even_while_others_speak() {
    let mut world = room(1, 3);
    let tone = tone(4);
    world.say(0, &tone[..50]);
    world.admit(&name(2), csrc(2), true);
    let microphone = world.connect(&name(2), Door::Whip, 1).unwrap();
    for frame in &tone[50..] {
        world.clients[0].peer.speak(world.now, frame);
        world.clients[microphone].peer.speak(world.now, frame);
        world.run(Duration::from_millis(20));
    }
    world.run(second());
    let names = |client: usize, who: u32| {
        let heard = world.clients[client].peer.heard.iter();
        heard
            .filter(|packet| packet.header.csrc.contains(&who))
            .count()
    };
    assert_eq!(names(2, csrc(2)), 0);
    assert!(names(2, ANN) > 100 && names(3, csrc(2)) > 30);
    assert_whole(&world, 2);
    assert_whole(&world, 3);
}

#[test]
fn a_long_silence_costs_a_listener_a_twentieth_of_speech_at_most() {
    let rules = FloorRules {
        above: 0,
        frames: Some(PackSize::Six),
        ..FloorRules::default()
    };
    let mut world = room_with(rules, 4);
    world.say(0, &tone(2));
    forget(&mut world);
    world.say(0, &tone(20));
    let speech: Vec<usize> = (2..6).map(|client| world.heard(client)).collect();
    world.run(3 * second());
    forget(&mut world);
    world.run(20 * second());
    for (client, speech) in (2..6).zip(speech) {
        let silence = world.heard(client);
        assert!((4..=6).contains(&silence), "{silence} packets in 20 s");
        assert!(silence * 20 <= speech, "{silence} beside {speech}");
        assert_whole(&world, client);
    }
}

#[test]
fn packs_lost_on_the_way_are_sent_again_on_request() {
    let mut world = room(0, 4);
    world.say(0, &voice());
    let bad = Conditions {
        loss: 0.1,
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(15),
        ..Conditions::default()
    };
    world.spoil_way_down(bad, 7);
    forget(&mut world);
    world.say(0, &tone(8));
    world.run(second());
    assert!(world.lost_on_way_down() > 20);
    for client in 2..6 {
        let mut numbers: Vec<u64> = heard(&world, client)
            .1
            .iter()
            .map(|packet| *packet.seq_no)
            .collect();
        numbers.sort_unstable();
        let span = numbers[numbers.len() - 1] - numbers[0] + 1;
        assert!(
            numbers.windows(2).all(|pair| pair[0] < pair[1]),
            "none twice"
        );
        let arrived = numbers.len() as f64 / span as f64;
        assert!(arrived > 0.97, "{arrived} arrived at a loss of 10 %");
    }
}

/// Each of them is in another group. The last pack but one is lost to all, the last one shows it.
#[test]
fn who_has_just_left_the_mix_is_still_sent_again_what_it_had_lost_of_it() {
    let mut world = room(0, 3);
    let tone = tone(4);
    world.say(0, &tone[..50]);
    let lost = Conditions {
        loss: 1.0,
        ..Conditions::default()
    };
    world.spoil_way_down(lost, 7);
    world.say(0, &tone[50..53]);
    // A NACK takes longer than a pack: it comes after the move.
    let slow = Conditions {
        delay: Duration::from_millis(60),
        ..Conditions::default()
    };
    world.spoil_way_up(slow, 7);
    world.spoil_way_down(Conditions::default(), 8);
    for listener in 2..5 {
        world.admit(&name(listener), csrc(listener), true);
        world.connect(&name(listener), Door::Whip, 1).unwrap();
    }
    world.say(0, &tone[53..]);
    world.run(second());
    for listener in 2..5 {
        let (slots, mix) = heard(&world, listener);
        assert!(slots.len() > 50, "{} packets", slots.len());
        let numbers: BTreeSet<u64> = mix.iter().map(|packet| *packet.seq_no).collect();
        let span = numbers.last().unwrap() - numbers.first().unwrap() + 1;
        assert_eq!(numbers.len() as u64, span, "client {listener}");
    }
}

const LOSING: Conditions = Conditions {
    loss: 0.1,
    burst: 1.0,
    duplication: 0.0,
    delay: Duration::from_millis(20),
    jitter: Duration::ZERO,
};

#[test]
fn whose_network_loses_one_packet_in_ten_is_moved_to_the_slots_and_back_after_a_good_minute() {
    let mut world = room(0, 3);
    world.say(0, &tone(1));
    world.spoil_way_down(LOSING, 7);
    world.say(0, &tone(20));
    assert_eq!(
        world.shard.listeners(),
        (4, 0),
        "Ann is on the slots anyway"
    );
    assert_eq!(world.shard.sheltered(), 3);
    forget(&mut world);
    world.say(0, &tone(4));
    world.run(second());
    for client in 2..5 {
        let (slots, mix) = heard(&world, client);
        assert!(
            mix.is_empty() && slots.len() > 190,
            "{} packets",
            slots.len()
        );
    }

    world.spoil_way_down(Conditions::default(), 8);
    world.say(0, &tone(50));
    assert_eq!(world.shard.sheltered(), 3, "that was no minute yet");
    world.say(0, &tone(20));
    world.run(second());
    assert_eq!(
        (world.shard.listeners(), world.shard.sheltered()),
        ((1, 3), 0)
    );
    forget(&mut world);
    world.say(0, &tone(2));
    world.run(second());
    for client in 2..5 {
        let (slots, mix) = heard(&world, client);
        assert!(slots.is_empty() && mix.len() > 30, "{} packs", mix.len());
        assert_whole(&world, client);
    }
}

/// What the speaker's way loses, or brings in another order, is asked for as well.
#[test]
fn who_is_spared_the_packs_goes_back_after_a_good_minute_however_bad_the_speakers_network_is() {
    let mut world = room(0, 3);
    world.spoil_way_down(LOSING, 7);
    world.say(0, &tone(20));
    assert_eq!(world.shard.sheltered(), 3);
    world.spoil_way_down(Conditions::default(), 8);
    let speakers = Conditions {
        jitter: Duration::from_millis(70),
        ..LOSING
    };
    world.spoil_way_up(speakers, 9);
    world.say(0, &tone(80));
    assert_eq!(world.shard.sheltered(), 0);
}

#[test]
fn where_everybody_loses_packets_only_so_many_leave_the_mix_as_a_shard_affords() {
    let rules = FloorRules {
        above: 0,
        frames: Some(PackSize::Three),
        sheltered: 3,
    };
    let mut world = room_with(rules, 6);
    world.spoil_way_down(LOSING, 7);
    world.say(0, &tone(40));
    assert_eq!(
        (world.shard.listeners(), world.shard.sheltered()),
        ((3, 4), 2)
    );
    let session = |world: &World, client: usize| world.clients[client].accepted.session.clone();
    for client in 2..8 {
        let session = session(&world, client);
        world
            .shard
            .disconnect(world.now, &session, &mut world.out)
            .unwrap();
    }
    assert_eq!(world.shard.sheltered(), 0, "who has left takes no place");
}

#[test]
fn who_asks_for_nothing_again_is_moved_for_what_its_reports_say() {
    let mut world = room(0, 2);
    (2..4).for_each(|client| world.clients[client].suppress_nacks());
    world.spoil_way_down(LOSING, 7);
    world.say(0, &tone(40));
    assert_eq!(world.shard.sheltered(), 2);
}

/// The share of the numbers between the first packet and the last one of a line that a client heard (0 to 1).
fn share_heard(world: &World, client: usize) -> f64 {
    let slots = heard(world, client).0;
    let numbers: BTreeSet<u64> = slots.iter().map(|packet| *packet.seq_no).collect();
    let span = numbers.last().unwrap() - numbers.first().unwrap() + 1;
    numbers.len() as f64 / span as f64
}

#[test]
fn who_loses_packets_and_asks_for_none_again_is_sent_each_twice_for_as_long_as_its_network_is_bad()
{
    // Where it hears packs, and where it hears the slots anyway; client 3 asks.
    for above in [0, 50] {
        let mut world = room(above, 2);
        world.clients[2].suppress_nacks();
        world.spoil_way_down(LOSING, 7);
        world.say(0, &tone(30));
        let asks = usize::from(above == 0);
        assert_eq!(world.shard.sheltered(), 1 + asks, "above {above}");
        forget(&mut world);
        world.say(0, &tone(60));
        let share = share_heard(&world, 2);
        assert!(share > 0.98, "{share} of what was said to {above}");
        assert_eq!(
            world.shard.sheltered(),
            1 + asks,
            "its reports are good, its network is not"
        );

        world.spoil_way_down(Conditions::default(), 8);
        world.say(0, &tone(70));
        assert_eq!(world.shard.sheltered(), 0);
        let repeated = world.shard.counts().repeated;
        world.say(0, &tone(2));
        assert_eq!(world.shard.counts().repeated, repeated);
    }
}

#[derive(Debug, Clone, Copy)]
enum Happening {
    Come,
    Leave(usize),
    Allow(usize),
    Forbid(usize),
    Talk(usize),
    Pause,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => Just(Happening::Come),
        1 => (2usize..12).prop_map(Happening::Leave),
        2 => (2usize..12).prop_map(Happening::Allow),
        2 => (2usize..12).prop_map(Happening::Forbid),
        4 => (1usize..60).prop_map(Happening::Talk),
        1 => Just(Happening::Pause),
    ]
}

/// Who is in the room, besides Ann, and may speak or not.
type Present = std::collections::BTreeMap<usize, bool>;

fn apply(world: &mut World, present: &mut Present, tone: &[Vec<u8>], happening: Happening) {
    match happening {
        Happening::Come => {
            present.insert(come(world), false);
        }
        // Whoever has not shaken hands yet stays: [`World::settle`] waits for everybody.
        Happening::Leave(who)
            if present.contains_key(&who) && world.clients[who].peer.connected =>
        {
            present.remove(&who);
            let session = world.clients[who].accepted.session.clone();
            world
                .shard
                .disconnect(world.now, &session, &mut world.out)
                .unwrap();
        }
        Happening::Allow(who) | Happening::Forbid(who) => {
            if let Some(may) = present.get_mut(&who) {
                *may = matches!(happening, Happening::Allow(_));
                world.admit(&name(who), csrc(who), *may);
            }
        }
        Happening::Talk(frames) => world.say(0, &tone[..frames]),
        Happening::Pause => world.run(second()),
        Happening::Leave(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn whoever_comes_goes_and_is_allowed_each_hears_what_it_should_without_a_gap(
        happenings in prop::collection::vec(happening(), 1..20)
    ) {
        let (mut world, tone) = (room(3, 2), tone(2));
        let mut present = Present::from([(2, false), (3, false)]);
        for happening in happenings {
            apply(&mut world, &mut present, &tone, happening);
        }
        world.settle();
        world.run(4 * second());
        (2..world.clients.len()).for_each(|client| assert_whole(&world, client));
        forget(&mut world);
        world.say(0, &tone[..50]);
        world.run(second());
        let (slots, mix) = world.shard.listeners();
        prop_assert_eq!(slots + mix, present.len() + 1);
        for (client, may_speak) in present {
            assert_whole(&world, client);
            let (from_slots, from_mix) = heard(&world, client);
            let (in_slots, in_mix) = (from_slots.len() > 40, from_mix.len() > 12);
            prop_assert!(in_slots != in_mix, "client {client}: {} and {}", from_slots.len(), from_mix.len());
            prop_assert!(!(may_speak && in_mix));
            prop_assert!(may_speak || in_mix == (mix > 0));
        }
    }
}
