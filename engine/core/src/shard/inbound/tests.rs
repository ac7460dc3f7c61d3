use proptest::prelude::*;

use super::*;
use crate::rtp::{FIXED_HEADER_LEN, Header, Outgoing, write_red};

const OPUS: u8 = 111;
const RED: u8 = 63;
/// One Opus frame of 20 ms.
const STEP: u32 = 960;

/// A speaker whose packet `n` is the one byte `n`, sent redundantly with so many copies.
struct Speaker {
    inbound: Inbound,
    now: Instant,
    copies: u8,
}

impl Speaker {
    fn new(copies: u8) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "an Instant can be had from the clock only"
        )]
        let now = Instant::now();
        Self {
            inbound: Inbound::new(OPUS, Some(RED), 1),
            now,
            copies,
        }
    }

    /// The sounds that packet `n` brings, as (sequence, timestamp, payload).
    fn sends(&mut self, n: u8) -> Vec<(u16, u32, Vec<u8>)> {
        let copies: Vec<_> = (1..=self.copies.min(n))
            .rev()
            .map(|back| (STEP * u32::from(back), [n - back]))
            .collect();
        let copies: Vec<_> = copies.iter().map(|(at, byte)| (*at, &byte[..])).collect();
        let mut payload = [0; 64];
        let len = write_red(OPUS, &copies, &[n], &mut payload).unwrap();
        self.takes(RED, n, &payload[..len])
    }

    fn takes(&mut self, payload_type: u8, n: u8, payload: &[u8]) -> Vec<(u16, u32, Vec<u8>)> {
        let facts = Outgoing {
            marker: false,
            payload_type,
            sequence: u16::from(n),
            timestamp: STEP * u32::from(n),
            ssrc: 7,
            csrcs: &[],
        };
        let mut header = [0; FIXED_HEADER_LEN];
        facts.write(&mut header).unwrap();
        let packet = RtpPacket {
            header: Header::parse(&header).unwrap(),
            index: u64::from(n),
            audio_level: None,
            payload,
        };
        let arrived = self.inbound.accept(self.now, &packet, 1);
        let sounds = arrived.iter().flat_map(Arrived::packets);
        sounds
            .map(|sound| (sound.seq, sound.rtp_ts, sound.payload.to_vec()))
            .collect()
    }

    fn asked_for(&self) -> &[u16] {
        self.inbound.stream.as_ref().map_or(&[], Stream::missing)
    }
}

/// The sound of packet `n`, as it was sent.
fn sound(n: u8) -> (u16, u32, Vec<u8>) {
    (n.into(), STEP * u32::from(n), vec![n])
}

#[test]
fn copies_of_what_has_come_are_left_alone() {
    let mut speaker = Speaker::new(2);
    for n in 0..9 {
        assert_eq!(speaker.sends(n), [sound(n)]);
    }
}

#[test]
fn a_lost_packet_comes_out_of_the_next_one_before_it_and_is_not_asked_for() {
    let mut speaker = Speaker::new(1);
    speaker.sends(4);
    assert_eq!(speaker.sends(6), [sound(5), sound(6)]);
    assert!(speaker.asked_for().is_empty());
    assert_eq!(speaker.sends(5), [], "it comes late, and is known");
}

#[test]
fn of_a_longer_hole_the_last_packets_are_recovered_and_the_others_asked_for() {
    let mut speaker = Speaker::new(2);
    speaker.sends(4);
    assert_eq!(speaker.sends(9), [sound(7), sound(8), sound(9)]);
    assert_eq!(speaker.asked_for(), [5, 6]);
    assert_eq!(speaker.sends(6), [sound(6)], "what is late is taken");
}

#[test]
fn opus_without_redundancy_is_taken_beside_it() {
    let mut speaker = Speaker::new(1);
    assert_eq!(speaker.takes(OPUS, 4, &[4]), [sound(4)]);
    assert_eq!(speaker.sends(5), [sound(5)]);
    assert_eq!(speaker.takes(OPUS, 7, &[7]), [sound(7)]);
    assert_eq!(speaker.asked_for(), [6]);
}

#[test]
fn a_copy_that_is_older_than_the_last_packet_fills_no_hole() {
    let mut speaker = Speaker::new(0);
    speaker.sends(4);
    let mut payload = [0; 64];
    // The same age as packet 4, which has come.
    let len = write_red(OPUS, &[(2 * STEP, &[4])], &[6], &mut payload).unwrap();
    assert_eq!(speaker.takes(RED, 6, &payload[..len]), [sound(6)]);
}

#[test]
fn redundancy_that_is_malformed_or_carries_another_codec_or_was_not_negotiated_is_dropped() {
    let mut speaker = Speaker::new(1);
    assert_eq!(speaker.takes(RED, 4, &[0xef, 0, 0]), []);
    assert_eq!(speaker.takes(RED, 4, &[0x00, 4]), []);
    assert_eq!(speaker.takes(RED, 4, &[OPUS]), [], "it only pads");
    speaker.inbound.red = None;
    assert_eq!(speaker.sends(4), []);
}

#[test]
fn what_is_recovered_still_counts_as_lost_in_the_report() {
    let mut speaker = Speaker::new(1);
    for n in [0, 1, 3, 4, 6, 7, 8, 9] {
        speaker.sends(n);
    }
    let stream = speaker.inbound.stream.as_mut().unwrap();
    let report = stream.block(speaker.now);
    assert_eq!((report.cumulative_lost, report.fraction_lost), (2, 51));
}

proptest! {
    /// Whatever is lost, late or repeated: every sound comes at most once, as it was sent, and all whose hole is not
    /// longer than the copies reach.
    #[test]
    fn no_sound_comes_twice_and_short_holes_are_filled(
        copies in 0u8..4, order in prop::collection::vec(0u8..60, 0..200),
    ) {
        let mut speaker = Speaker::new(copies);
        let (mut heard, mut came) = (Vec::new(), Vec::<u8>::new());
        for n in order {
            // The replay window lets no packet through twice.
            if came.contains(&n) {
                continue;
            }
            let newest = came.iter().copied().max();
            let sounds = speaker.sends(n);
            if newest.is_some_and(|newest| n > newest) {
                let hole = n - newest.unwrap() - 1;
                prop_assert_eq!(sounds.len(), usize::from(hole.min(copies)) + 1);
            }
            heard.extend(sounds);
            came.push(n);
        }
        for (n, one) in heard.iter().enumerate() {
            prop_assert_eq!(one, &sound(one.0 as u8));
            prop_assert!(heard.iter().skip(n + 1).all(|other| other.0 != one.0), "{} twice", one.0);
        }
    }
}
