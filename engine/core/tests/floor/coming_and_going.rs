//! Whatever happens in a room, each hears what it should and without a gap.

use proptest::prelude::*;

use crate::shard_common::World;
use crate::{assert_whole, come, csrc, forget, heard, name, room, second, tone};

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
