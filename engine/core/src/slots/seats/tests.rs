use super::*;

const LOUD: Loudness = Loudness::SPEECH;

fn bid(who: u32, score_db: f32) -> Bid {
    Bid {
        who: ParticipantKey(who),
        loudness: LOUD,
        score_db,
    }
}

fn quiet(who: u32) -> Bid {
    Bid {
        who: ParticipantKey(who),
        loudness: Loudness::SILENCE,
        score_db: 0.0,
    }
}

fn fresh(slot: u8) -> Option<Seat> {
    Some(Seat {
        slot: SlotIndex(slot),
        fresh: true,
    })
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn the_first_loud_packet_gets_a_free_slot() {
    let (mut seats, now) = (Seats::default(), Instant::now());
    assert_eq!(seats.bid(now, quiet(1)), None);
    assert_eq!(seats.bid(now, bid(1, 75.0)), fresh(0));
    assert_eq!(seats.bid(now, bid(2, 75.0)), fresh(1));
    assert_eq!(seats.bid(now, bid(3, 75.0)), fresh(2));
}

#[test]
fn a_fourth_voice_waits_for_a_pause_and_then_is_heard_at_once() {
    let (mut seats, now) = (Seats::default(), Instant::now());
    for who in 1..=3 {
        seats.bid(now, bid(who, 90.0));
    }
    assert_eq!(seats.bid(now + ms(20), bid(4, 92.0)), None);
    let later = now + ms(310);
    seats.bid(later, bid(1, 90.0));
    seats.bid(later, bid(3, 90.0));
    assert_eq!(seats.bid(later, bid(4, 75.0)), fresh(1));
}

#[test]
fn a_voice_a_little_louder_never_takes_a_slot_in_mid_word() {
    let (mut seats, now) = (Seats::default(), Instant::now());
    for step in 0..200 {
        let at = now + ms(20 * step);
        for who in 1..=3 {
            assert!(seats.bid(at, bid(who, 90.0)).is_some());
        }
        assert_eq!(seats.bid(at, bid(4, 95.0)), None);
    }
}

#[test]
fn a_much_louder_voice_takes_the_softest_slot_after_its_tenure() {
    let (mut seats, now) = (Seats::default(), Instant::now());
    for (who, score) in [(1, 90.0), (2, 80.0), (3, 90.0)] {
        seats.bid(now, bid(who, score));
    }
    assert_eq!(
        seats.bid(now + ms(100), bid(4, 100.0)),
        None,
        "still within the tenure"
    );
    let later = now + TENURE;
    for (who, score) in [(1, 90.0), (2, 80.0), (3, 90.0)] {
        seats.bid(later, bid(who, score));
    }
    assert_eq!(seats.bid(later, bid(4, 100.0)), fresh(1));
    assert_eq!(
        seats.bid(later, bid(2, 80.0)),
        None,
        "who lost it does not flutter back"
    );
}

#[test]
fn a_silent_holder_is_no_longer_forwarded_after_the_release() {
    let (mut seats, now) = (Seats::default(), Instant::now());
    seats.bid(now, bid(1, 90.0));
    assert!(seats.bid(now + ms(1_900), quiet(1)).is_some());
    assert_eq!(seats.bid(now + RELEASE, quiet(1)), None);
}
