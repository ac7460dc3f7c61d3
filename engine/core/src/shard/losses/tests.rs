use proptest::prelude::*;

use super::*;
use crate::random::SplitMix64;

fn now() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "an Instant can be had from the clock only"
    )]
    Instant::now()
}

/// Between two packets of a voice.
const MOMENT: Duration = Duration::from_millis(20);

/// Whether each of so many packets is lost, one in `one_in` at random.
fn weather(seed: u64, one_in: u32, packets: u32) -> impl Iterator<Item = (u32, bool)> {
    let mut random = SplitMix64::new(seed);
    (1..=packets).map(move |sent| (sent, random.draw_u32().is_multiple_of(one_in)))
}

/// After how many of `packets` it has become too much.
fn too_much_after(seed: u64, one_in: u32, packets: u32) -> Option<u32> {
    let mut losses = Losses::default();
    let mut lost = weather(seed, one_in, packets).filter(|(_, lost)| *lost);
    lost.find_map(|(sent, _)| losses.lose(now(), sent, 1).then_some(sent))
}

/// Of a hundred networks that lose one packet in `one_in`, how many lose too much within so many packets.
fn found(one_in: u32, packets: u32) -> usize {
    let seeds = (0..100).filter_map(|seed| too_much_after(seed, one_in, packets));
    seeds.count()
}

#[test]
fn within_half_a_minute_of_packs_one_in_ten_is_too_much_one_in_twenty_mostly_one_in_two_hundred_never()
 {
    let of_packs = 300;
    assert_eq!(found(10, of_packs), 100);
    assert!(found(20, of_packs) > 90, "{}", found(20, of_packs));
    assert_eq!(found(200, of_packs), 0);
}

proptest! {
    #[test]
    fn three_packets_lost_in_one_bad_moment_are_not_too_much_and_four_are(sent: u32) {
        prop_assert!(!Losses::default().lose(now(), sent, BEYOND));
        prop_assert!(Losses::default().lose(now(), sent, BEYOND + 1));
    }

    #[test]
    fn a_network_that_loses_one_in_twenty_stays_sheltered_and_one_that_loses_nothing_does_not(
        seed: u64, sent: u32
    ) {
        for (one_in, good) in [(20, false), (u32::MAX, true)] {
            let (start, mut losses) = (now(), Losses::default());
            losses.shelter(start, sent, Shelter::Slots);
            for (more, _) in weather(seed, one_in, 3_000).filter(|(_, lost)| *lost) {
                prop_assert!(!losses.lose(start + MOMENT * more, sent.wrapping_add(more), 1));
            }
            prop_assert_eq!(losses.has_recovered(start + TRIAL, sent.wrapping_add(3_000)).is_some(), good);
            prop_assert_eq!(losses.sheltered().is_some(), !good);
        }
    }

    #[test]
    fn a_packet_counts_once_however_often_it_is_asked_for(
        first in prop_oneof![any::<u16>(), 0xFF00u16..], asked in prop::collection::vec(0u16..64, 1..200)
    ) {
        let mut losses = Losses::default();
        let distinct: std::collections::HashSet<u16> = asked.iter().copied().collect();
        let counted: u32 = asked.iter().map(|more| losses.asked(0, first.wrapping_add(*more))).sum();
        prop_assert_eq!(counted as usize, distinct.len());
    }

    #[test]
    fn no_number_that_a_peer_may_send_overflows(reports: Vec<(u32, i32, u32)>) {
        let mut losses = Losses::default();
        for (sent, missing, never_sent) in reports {
            let lost = losses.reported(1, missing, never_sent);
            losses.lose(now(), sent, lost);
        }
    }
}

/// One packet in twenty is lost, and so one in four hundred of those that are sent twice.
#[test]
fn of_who_is_sent_everything_twice_the_reports_alone_do_not_end_it() {
    for (one_in, good) in [(400, false), (u32::MAX, true)] {
        let recovered = |seed| {
            let (start, mut losses) = (now(), Losses::default());
            losses.shelter(start, 0, Shelter::Twice);
            for (sent, _) in weather(seed, one_in, 3_000).filter(|(_, lost)| *lost) {
                losses.lose(start + MOMENT * sent, sent, 1);
            }
            losses.has_recovered(start + TRIAL, 3_000).is_some()
        };
        assert!((0..100).filter(|seed| recovered(*seed) == good).count() > 95);
    }
}

#[test]
fn a_minute_counts_from_when_the_losses_end() {
    let (start, mut losses) = (now(), Losses::default());
    losses.shelter(start, 0, Shelter::Slots);
    (1..=100).for_each(|lost| {
        losses.lose(start + 10 * MOMENT * lost, 10 * lost, 1);
    });
    let end = start + 1_000 * MOMENT;
    assert!(
        losses
            .has_recovered(end + TRIAL - 100 * MOMENT, 4_000)
            .is_none()
    );
    assert!(losses.has_recovered(end + TRIAL, 4_000).is_some());
}

#[test]
fn in_silence_nothing_is_learnt_and_the_trial_goes_on() {
    let (start, mut losses) = (now(), Losses::default());
    losses.shelter(start, 0, Shelter::Slots);
    assert!(
        losses
            .has_recovered(start + 10 * TRIAL, TRIAL_PACKETS - 1)
            .is_none()
    );
    assert!(
        losses
            .has_recovered(start + 10 * TRIAL, TRIAL_PACKETS)
            .is_some()
    );
}

#[test]
fn what_comes_after_all_and_is_lost_again_in_a_later_report_is_no_new_loss() {
    let mut losses = Losses::default();
    let more = [3, 1, 3, 4, -2, 4].map(|missing| losses.reported(0, missing, 0));
    assert_eq!(more, [3, 0, 0, 1, 0, 0]);
}

#[test]
fn what_was_never_sent_is_no_loss_and_what_is_lost_beside_is() {
    let mut losses = Losses::default();
    // A gap counts from when it is made; reports know of it later.
    let reports = [(0, 2), (2, 2), (5, 2), (9, 6), (10, 6)];
    let more = reports.map(|(missing, never_sent)| losses.reported(0, missing, never_sent));
    assert_eq!(more, [0, 0, 3, 0, 1]);
}
