use std::time::Duration;

use super::*;
use crate::room::{GroupIndex, Moment};

const RULES: FloorRules = FloorRules {
    above: 10,
    frames: Some(PackSize::Three),
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
