use std::time::Duration;

use super::*;
use crate::room::{GroupIndex, Moment};

const RULES: FloorRules = FloorRules {
    above: 10,
    frames: Some(PackSize::Three),
    sheltered: 3,
};

fn now() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "an Instant can be had from the clock only"
    )]
    Instant::now()
}

fn of(audience: &Audience) -> [usize; 4] {
    [
        audience.slots().len(),
        audience.group(0).len(),
        audience.group(1).len(),
        audience.group(2).len(),
    ]
}

/// Eleven listeners, of whom link 0 may speak, still in the slots.
fn grown(now: Instant) -> Audience {
    let mut audience = Audience::new(RULES);
    audience.on_resized(PackSize::Three, |_, _| {});
    for link in 0..=10 {
        audience.enter(now, link, Hears::Both, link == 0);
    }
    audience
}

#[test]
fn up_to_the_bound_everybody_hears_the_slots_and_beyond_it_newcomers_begin_in_the_mix() {
    let now = now();
    let mut audience = Audience::new(RULES);
    for link in 0..10 {
        assert_eq!(audience.enter(now, link, Hears::Both, false), Feed::Slots);
    }
    assert!(!audience.wants_mix() && audience.wanted_size() == PackSize::One);
    assert_eq!(audience.enter(now, 10, Hears::Both, false), Feed::Group(0));
    assert_eq!(audience.enter(now, 11, Hears::Both, true), Feed::Slots);
    assert_eq!(audience.enter(now, 12, Hears::Slots, false), Feed::Slots);
    assert!(audience.wants_mix() && audience.wanted_size() == PackSize::Three);
}

#[test]
fn in_a_rest_all_who_wait_are_moved_into_equal_groups_but_who_may_speak() {
    let now = now();
    let mut audience = grown(now);
    let mut moved = Vec::new();
    audience.on_turn(now, GroupIndex(1), Moment::Rest, |link, _| moved.push(link));
    moved.sort_unstable();
    assert_eq!(moved, (1..=9).collect::<Vec<_>>());
    let [slots, groups @ ..] = of(&audience);
    assert_eq!((slots, groups.iter().sum::<usize>()), (1, 10));
    assert!(
        groups.iter().all(|group| (3..=4).contains(group)),
        "{groups:?}"
    );
}

#[test]
fn in_a_lull_each_turn_takes_its_share_and_in_speech_only_whoever_has_waited_for_long() {
    let now = now();
    let mut audience = grown(now);
    let turn = |audience: &mut Audience, at, group, moment| {
        audience.on_turn(at, GroupIndex(group), moment, |_, feed| {
            assert_eq!(feed, Feed::Group(group))
        });
        of(audience)
    };
    assert_eq!(turn(&mut audience, now, 0, Moment::Speech), [10, 1, 0, 0]);
    assert_eq!(turn(&mut audience, now, 1, Moment::Lull), [6, 1, 4, 0]);
    let late = now + MOVE_WITHIN;
    assert_eq!(turn(&mut audience, late, 2, Moment::Speech), [2, 1, 4, 4]);
    assert_eq!(turn(&mut audience, late, 0, Moment::Speech), [1, 2, 4, 4]);
}

#[test]
fn who_leaves_the_mix_in_speech_leaves_at_the_turn_of_its_own_group() {
    let now = now();
    let mut audience = grown(now);
    audience.on_turn(now, GroupIndex(0), Moment::Rest, |_, _| {});
    let link = audience.group(1)[0];
    audience.set_may_speak(now, link, true);
    audience.hurry(now, link);
    let mut moved = Vec::new();
    for group in [0, 2, 1] {
        audience.on_turn(now, GroupIndex(group), Moment::Speech, |link, feed| {
            moved.push((group, link, feed))
        });
    }
    assert_eq!(moved, [(1, link, Feed::Slots)]);
    assert!(audience.waiting.is_empty());
}

#[test]
fn who_can_speak_is_moved_at_once_and_who_waits_no_more_stays() {
    let now = now();
    let mut audience = grown(now);
    audience.on_turn(now, GroupIndex(0), Moment::Rest, |_, _| {});
    let (one, other) = (audience.group(1)[0], audience.group(2)[0]);
    audience.set_may_speak(now, one, true);
    audience.set_may_speak(now, other, true);
    audience.set_may_speak(now, other, false);
    let mut moved = Vec::new();
    audience.move_at_once(one, |link, feed| moved.push((link, feed)));
    audience.on_turn(now, GroupIndex(2), Moment::Rest, |link, feed| {
        moved.push((link, feed))
    });
    assert_eq!(moved, [(one, Feed::Slots)]);
}

#[test]
fn a_room_that_shrinks_a_little_stays_packed_and_further_down_it_does_not() {
    let now = now();
    let mut audience = grown(now);
    audience.on_turn(now, GroupIndex(0), Moment::Rest, |_, _| {});
    (1..=3).for_each(|link| audience.leave(now, link));
    assert_eq!(audience.wanted_size(), PackSize::Three);
    audience.leave(now, 4);
    assert_eq!(audience.wanted_size(), PackSize::One);
    audience.on_turn(
        now + Duration::from_secs(1),
        GroupIndex(0),
        Moment::Rest,
        |_, _| {},
    );
    assert_eq!(of(&audience), [7, 0, 0, 0]);
    assert!(!audience.wants_mix());
}

#[test]
fn packs_grow_with_the_audience_and_shrink_again_only_below_four_fifths_of_a_bound() {
    use PackSize::{Five, One, Six, Three};
    let now = now();
    let mut audience = Audience::new(FloorRules {
        frames: None,
        ..RULES
    });
    let steps = [
        (10, One),
        (11, Three),
        (1_000, Three),
        (1_001, Five),
        (800, Five),
        (799, Three),
        (1_000, Three),
        (1_001, Five),
        (5_000, Five),
        (5_001, Six),
        (4_000, Six),
        (3_999, Five),
        (5_000, Five),
        (5_001, Six),
        (799, Three),
        (8, Three),
        (7, One),
    ];
    let mut there = 0;
    for (listeners, size) in steps {
        (there..listeners).for_each(|link| {
            audience.enter(now, link, Hears::Both, false);
        });
        (listeners..there).for_each(|link| audience.leave(now, link));
        there = listeners;
        assert_eq!(audience.wanted_size(), size, "{listeners} listeners");
    }
}

/// What a room of twenty who wait for nothing does when they all lose too much, `elsewhere` being sheltered already.
fn all_lose(now: Instant, elsewhere: usize) -> Audience {
    let mut audience = grown(now);
    (11..20).for_each(|link| {
        audience.enter(now, link, Hears::Both, false);
    });
    audience.on_turn(now, GroupIndex(0), Moment::Rest, |_, _| {});
    let mut all = elsewhere;
    for link in 0..20 {
        all += usize::from(audience.shelter(now, link, Shelter::Slots, all));
        assert!(
            !audience.shelter(now, link, Shelter::Slots, all),
            "once is enough"
        );
    }
    audience
}

#[test]
fn who_loses_too_much_leaves_the_mix_for_the_slots_and_comes_back_but_only_as_many_as_are_afforded()
{
    let now = now();
    for (elsewhere, afforded) in [(0, 2), (1, 2), (2, 1), (3, 0), (100, 0)] {
        let mut audience = all_lose(now, elsewhere);
        audience.on_turn(now, GroupIndex(0), Moment::Rest, |_, feed| {
            assert_eq!(feed, Feed::Slots)
        });
        let sheltered: Vec<LinkKey> = audience.slots().to_vec();
        assert_eq!(sheltered.len(), afforded + 1, "and link 0, who may speak");
        for link in sheltered {
            audience.unshelter(now, link);
        }
        audience.on_turn(now, GroupIndex(0), Moment::Rest, |_, _| {});
        assert_eq!(audience.slots(), [0]);
    }
}

#[test]
fn who_leaves_makes_room_for_the_next_who_loses_too_much() {
    let now = now();
    let mut audience = all_lose(now, 0);
    assert!(!audience.shelter(now, 19, Shelter::Slots, 2));
    audience.leave(now, 1);
    assert!(audience.shelter(now, 19, Shelter::Slots, 1));
    assert!(!audience.shelter(now, 18, Shelter::Slots, 2));
}

#[test]
fn who_asks_for_nothing_again_takes_two_places_and_is_sent_things_twice_until_it_is_better() {
    let now = now();
    let mut audience = grown(now);
    audience.on_turn(now, GroupIndex(0), Moment::Rest, |_, _| {});
    let twice = |audience: &Audience| (audience.twice().to_vec(), audience.sheltered());
    assert!(
        !audience.shelter(now, 0, Shelter::Slots, 0),
        "it hears the slots, and asks"
    );
    assert!(
        !audience.shelter(now, 0, Shelter::Twice, 2),
        "one place is not enough"
    );
    assert!(audience.shelter(now, 0, Shelter::Twice, 1));
    assert_eq!(twice(&audience), (vec![0], 1));
    assert!(!audience.shelter(now, 1, Shelter::Slots, 3));
    audience.unshelter(now, 0);
    assert_eq!(twice(&audience), (vec![], 0));
    assert!(audience.shelter(now, 2, Shelter::Twice, 1));
    audience.leave(now, 2);
    assert_eq!(twice(&audience), (vec![], 0));
    assert!(audience.shelter(now, 1, Shelter::Slots, 2));
    assert_eq!(twice(&audience), (vec![], 1));
}

proptest::proptest! {
    #[test]
    fn however_many_rooms_claim_losses_no_more_are_sheltered_than_a_shard_affords_and_no_room_takes_all(
        limit in 0usize..1_000, wishes in proptest::collection::vec((0usize..5, 1usize..3), 0..2_000)
    ) {
        let crowd = Crowd::new(FloorRules { sheltered: limit, ..RULES });
        let mut rooms = [0; 5];
        for (room, places) in wishes {
            let all = rooms.iter().sum();
            rooms[room] += places * usize::from(crowd.affords_shelter(rooms[room], all, places));
        }
        let all: usize = rooms.iter().sum();
        proptest::prop_assert!(all <= limit);
        proptest::prop_assert!(rooms.iter().all(|room| *room <= (2 * limit).div_ceil(3)));
    }
}
