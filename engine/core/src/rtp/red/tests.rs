use proptest::prelude::*;

use super::*;

/// As Chromium writes it: one copy 20 ms old, then the block itself.
const BROWSER: [u8; 10] = [0xef, 0x0f, 0x00, 0x03, 0x6f, 1, 2, 3, 4, 5];

#[test]
fn a_browsers_payload_is_one_copy_of_20_ms_ago_and_the_block_itself() {
    let red = Red::parse(&BROWSER).unwrap();
    assert_eq!((red.payload_type, red.primary), (111, &[4, 5][..]));
    let copies: Vec<_> = red.copies().collect();
    assert_eq!(
        copies,
        [RedCopy {
            payload_type: 111,
            offset: 960,
            payload: &[1, 2, 3]
        }]
    );
}

#[test]
fn a_payload_without_copies_is_its_block() {
    let red = Red::parse(&[0x6f, 7]).unwrap();
    assert_eq!((red.primary, red.copies().len()), (&[7][..], 0));
}

#[test]
fn what_is_cut_off_is_refused() {
    for len in 0..=4 {
        let what = "block headers";
        assert_eq!(
            Red::parse(&BROWSER[..len]),
            Err(RedError::Truncated { what })
        );
    }
    let what = "copies";
    assert_eq!(Red::parse(&BROWSER[..7]), Err(RedError::Truncated { what }));
}

#[test]
fn more_copies_than_anybody_sends_are_refused() {
    let copies = [(960, &[][..]); MAX_COPIES + 1];
    let mut out = [0; 64];
    let len = write_red(111, &copies[..MAX_COPIES], &[1], &mut out).unwrap();
    assert_eq!(Red::parse(&out[..len]).unwrap().copies().len(), MAX_COPIES);
    let len = write_red(111, &copies, &[1], &mut out).unwrap();
    assert_eq!(Red::parse(&out[..len]), Err(RedError::TooManyCopies));
}

#[test]
fn what_a_header_cannot_say_is_not_written() {
    let mut out = [0; 2_048];
    assert_eq!(write_red(111, &[(0x4000, &[1])], &[2], &mut out), None);
    assert_eq!(write_red(111, &[(960, &[0; 0x400])], &[2], &mut out), None);
    assert_eq!(write_red(111, &[(960, &[1])], &[2], &mut out[..6]), None);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(red) = Red::parse(&bytes) {
            let carried: usize = red.copies().map(|copy| copy.payload.len() + 4).sum();
            prop_assert_eq!(carried + 1 + red.primary.len(), bytes.len());
        }
    }

    #[test]
    fn what_is_written_is_read_again(
        payload_type in 0u8..128,
        copies in prop::collection::vec((0u32..0x4000, prop::collection::vec(any::<u8>(), 0..200)), 0..=MAX_COPIES),
        primary in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let copies: Vec<_> = copies.iter().map(|(offset, bytes)| (*offset, bytes.as_slice())).collect();
        let mut out = [0; 2_100];
        let len = write_red(payload_type, &copies, &primary, &mut out).unwrap();
        let red = Red::parse(&out[..len]).unwrap();
        prop_assert_eq!((red.payload_type, red.primary), (payload_type, primary.as_slice()));
        let read: Vec<_> = red.copies().map(|copy| (copy.offset, copy.payload)).collect();
        prop_assert_eq!(read, copies);
    }
}
