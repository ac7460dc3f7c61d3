//! Who gets no answer, no session, or not so many.

use std::time::Duration;

use palabre_core::shard::{Bound, Door, Limits, Refusal};
use palabre_core::stun::{BindingRequest, write_binding_request};
use palabre_load::netem::Conditions;
use proptest::prelude::*;

use crate::shard_common::World;
use crate::{ANN, good, stage, voice};

#[test]
fn strangers_get_no_answer() {
    let mut world = stage(good());
    let stranger = ([203, 0, 113, 9], 666).into();
    let local = world.clients[0].accepted.local.clone();
    let remote = world.clients[0].remote.ufrag().to_owned();
    for (ufrag, password) in [("Adunknown", local.password()), (local.ufrag(), "wrong")] {
        let request = BindingRequest {
            transaction: [5; 12],
            username: &format!("{ufrag}:{remote}"),
            priority: 1,
            tie_breaker: 1,
            use_candidate: true,
        };
        assert!(!world.inject(stranger, &write_binding_request(&request, password)));
    }
    assert!(!world.inject(stranger, &[0x80; 60]));
    assert!(!world.shard.knows(stranger));
}

#[test]
fn limits_refuse_and_say_which() {
    let refused = |limits, what| {
        let mut world = World::new(Conditions::default(), 1, limits);
        world.admit("ann", ANN, true);
        world.connect("ann", Door::Whip, 1).unwrap();
        let refusal = world.connect("ann", Door::Whep, 3).unwrap_err();
        assert_eq!(refusal, Refusal::Full { what, limit: 1 });
    };
    let most = Limits::default();
    refused(Limits { links: 1, ..most }, Bound::Sessions);
    refused(
        Limits {
            half_open: 1,
            ..most
        },
        Bound::SessionsOpening,
    );
    refused(
        Limits {
            asked_per_address: 1,
            ..most
        },
        Bound::SessionsOpeningPerAddress,
    );
    refused(
        Limits {
            links_per_room: 1,
            ..most
        },
        Bound::SessionsInRoom,
    );
}

#[test]
fn who_may_not_speak_gets_no_microphone_session() {
    let mut world = good();
    world.admit("cy", 103, false);
    let refused = world.connect("cy", Door::Whip, 1);
    assert_eq!(refused, Err(Refusal::NotAllowedToSpeak));
    let unknown = world.connect("nobody", Door::Whep, 3);
    assert_eq!(unknown, Err(Refusal::NotInRoom));
}

#[test]
fn one_address_opens_only_so_many_sessions_at_once() {
    let limits = |half_open_per_address| Limits {
        half_open_per_address,
        ..Limits::default()
    };
    let mut closed = World::new(Conditions::default(), 1, limits(0));
    closed.admit("ann", ANN, true);
    closed.connect("ann", Door::Whip, 1).unwrap();
    closed.run(Duration::from_secs(5));
    assert_eq!(closed.out.events, [], "it was never answered");

    let mut narrow = World::new(Conditions::default(), 1, limits(1));
    narrow.admit("ann", ANN, true);
    narrow.connect("ann", Door::Whip, 1).unwrap();
    narrow.connect("ann", Door::Whep, 3).unwrap();
    narrow.settle();
}

#[test]
fn a_crowd_behind_one_address_gets_in_one_after_the_other_as_it_connects() {
    let limits = Limits {
        asked_per_address: 2,
        ..Limits::default()
    };
    let mut world = World::new(Conditions::default(), 1, limits);
    for pair in 0..5 {
        for one in ["a", "b"] {
            let who = format!("{one}_{pair}");
            world.admit(&who, 100 + pair, false);
            world.connect(&who, Door::Whep, 3).unwrap();
        }
        world.admit("late", 99, false);
        assert!(world.connect("late", Door::Whep, 3).is_err());
        world.settle();
    }
    assert_eq!(world.shard.links(), 10);
}

#[test]
fn addresses_of_one_network_share_what_may_be_opening() {
    let limits = Limits {
        asked_per_address: 1,
        ..Limits::default()
    };
    let mut world = World::new(Conditions::default(), 1, limits);
    let mut ask = |who: &str, from: &str| {
        world.asks = from.parse().unwrap();
        world.admit(who, 1, false);
        world.connect(who, Door::Whep, 3).is_ok()
    };
    assert!(ask("ann", "2001:db8:1:2::1"));
    assert!(!ask("bob", "2001:db8:1:2::9"));
    assert!(ask("bob", "2001:db8:1:3::9"));
}

#[test]
fn a_speaker_that_changes_its_ssrc_too_often_is_not_heard_any_more() {
    let limits = Limits {
        ssrcs_per_link: 2,
        ..Limits::default()
    };
    let mut world = stage(World::new(Conditions::default(), 1, limits));
    let said = voice();
    for (ssrc, heard_more) in [(1_111, true), (1_112, true), (1_113, false)] {
        let before = world.heard(2);
        world.clients[0].peer.speak_as(ssrc);
        world.say(0, &said);
        world.run(Duration::from_millis(200));
        assert_eq!(world.heard(2) > before, heard_more, "SSRC {ssrc}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_from_a_known_address_never_panic(
        datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..20),
    ) {
        let mut world = good();
        world.admit("ann", ANN, true);
        world.connect("ann", Door::Whip, 1).unwrap();
        world.settle();
        let from = world.clients[0].peer.address;
        for datagram in datagrams {
            world.inject(from, &datagram);
        }
        prop_assert_eq!(world.shard.links(), 1);
    }
}

#[test]
fn a_flood_of_reports_and_nacks_is_dropped_unopened_and_disturbs_nobody() {
    let mut world = stage(good());
    let from = world.clients[2].peer.address;
    let before = world.shard.counts();
    for n in 0..1_000u32 {
        for packet_type in [201, 205] {
            let head = [0x80, packet_type, 0, 9];
            let report = [&head[..], &n.to_be_bytes(), &[7; 40]].concat();
            assert!(!world.inject(from, &report));
        }
        // A listener has nothing to say.
        assert!(!world.inject(from, &[0x80, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9]));
    }
    let ignored = world.shard.counts().reports_ignored - before.reports_ignored;
    assert!((2_900..3_000).contains(&ignored), "{ignored} of 3,000");
    world.say(0, &voice());
    assert!(world.heard(2) > 30);
}
