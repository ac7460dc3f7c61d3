//! Voices through the whole engine: real sockets, real HTTP, clients nobody shares code with.

mod common;

use common::{PATIENCE, Talk, World, fleet, tone};
use palabre_core::shard::Door;
use palabre_load::{ClientId, Dtls, Fleet, Plan};

fn csrcs(fleet: &Fleet, id: ClientId) -> Vec<u32> {
    let streams = fleet.client(id).inbox().streams.values();
    streams
        .flat_map(|stream| stream.csrcs.iter().copied())
        .collect()
}

#[test]
fn a_speaker_is_heard_by_a_listener_of_the_slots_and_one_of_the_mix() {
    let mut world = World::start();
    let mut talk = Talk::start(&world);
    world.admit("cy", 13, false);
    let door = world.door("whep", "cy");
    let cy = talk.fleet.join(&door, Plan::listen()).unwrap();
    let heard = |fleet: &Fleet| fleet.client(cy).inbox().received() > 50;
    assert!(talk.fleet.run_until(PATIENCE, heard));
    for id in [talk.bob, cy] {
        assert_eq!(
            (csrcs(&talk.fleet, id), talk.fleet.client(id).inbox().lost()),
            (vec![11], 0)
        );
    }
    world.expect_connected("ann", Door::Whip);
}

#[test]
fn both_dtls_roles_are_taken() {
    for dtls in [Dtls::ServerChooses, Dtls::Opens, Dtls::Waits] {
        let mut world = World::start();
        world.admit("ann", 11, true);
        let mut fleet = fleet();
        let ann = fleet
            .join(
                &world.door("whip", "ann"),
                Plan::speak(tone(1.0)).dtls(dtls),
            )
            .unwrap();
        assert!(fleet.run_until(PATIENCE, |fleet| {
            fleet.client(ann).talk().is_some_and(|talk| talk.sent() > 5)
        }));
        world.expect_connected("ann", Door::Whip);
    }
}

#[test]
fn who_loses_the_right_is_heard_no_more_although_the_client_goes_on() {
    let world = World::start();
    let Talk {
        mut fleet,
        ann,
        bob,
    } = Talk::start(&world);
    world.admit("ann", 11, false);
    // What was decided before the command was carried out is still on its way for a moment.
    fleet.run_for(std::time::Duration::from_millis(100));
    fleet.take_inbox(bob);
    let said = fleet.client(ann).talk().unwrap().sent();
    let goes_on = |fleet: &Fleet| fleet.client(ann).talk().unwrap().sent() > said + 25;
    assert!(fleet.run_until(PATIENCE, goes_on));
    assert_eq!(fleet.client(bob).inbox().received(), 0);
}

#[test]
fn a_speaker_does_not_hear_their_own_voice_and_sees_no_gap() {
    let world = World::start();
    world.admit("ann", 11, true);
    world.admit("bob", 12, true);
    let mut fleet = fleet();
    let ear = fleet
        .join(&world.door("whep", "ann"), Plan::listen().lines(3))
        .unwrap();
    let _ann = fleet
        .join(&world.door("whip", "ann"), Plan::speak(tone(4.0)))
        .unwrap();
    let _bob = fleet
        .join(&world.door("whip", "bob"), Plan::speak(tone(4.0)))
        .unwrap();
    assert!(fleet.run_until(PATIENCE, |fleet| fleet.client(ear).inbox().received() > 50));
    assert_eq!(
        (csrcs(&fleet, ear), fleet.client(ear).inbox().lost()),
        (vec![12], 0)
    );
}

#[test]
fn rooms_of_several_shards_share_one_port() {
    let world = World::with_shards(3);
    let mut fleet = fleet();
    let mut ears = Vec::new();
    world.admit("ann", 11, true);
    for n in 0..8 {
        let name = format!("listener{n}");
        world.admit(&name, 100 + n, false);
        ears.push(
            fleet
                .join(&world.door("whep", &name), Plan::listen().lines(2))
                .unwrap(),
        );
    }
    let _ann = fleet
        .join(&world.door("whip", "ann"), Plan::speak(tone(4.0)))
        .unwrap();
    let all = fleet.run_until(PATIENCE, |fleet| {
        ears.iter()
            .all(|ear| fleet.client(*ear).inbox().received() > 25)
    });
    assert!(all);
}
