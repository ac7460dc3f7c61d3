use proptest::prelude::*;

use super::*;
use crate::ogg::Writer;

fn head() -> Head {
    Head {
        pre_skip: 312,
        title: "Une soirée".into(),
    }
}

/// A file of `frames` packets of 20 ms, each with its number in it; whole, or as a killed process leaves it.
fn file(frames: u8, ended: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::begin(99, &head(), &mut bytes);
    for frame in 0..frames {
        writer.push(&[0xf8, frame, 7], 960, &mut bytes);
    }
    if ended {
        let granule = writer.granule();
        writer.finish(&[0xf8, frames, 7], granule, &mut bytes);
    }
    bytes
}

fn numbers(reader: &Reader<'_>) -> Vec<u8> {
    reader.packets().map(|packet| packet[1]).collect()
}

#[test]
fn what_was_written_is_read_back() {
    let bytes = file(100, true);
    let reader = Reader::open(&bytes).unwrap();
    assert_eq!(reader.head(), &head());
    assert_eq!(numbers(&reader), (0..=100).collect::<Vec<_>>());
    assert_eq!(reader.samples(), 96_000 - 312);
    assert!(reader.ended());
    assert_eq!(reader.valid_len(), bytes.len());
}

#[test]
fn a_packet_of_any_size_survives() {
    for size in [1, 254, 255, 256, 510, 1_275] {
        let mut bytes = Vec::new();
        let mut writer = Writer::begin(1, &head(), &mut bytes);
        (0..200).for_each(|_| writer.push(&vec![0xf8; size], 960, &mut bytes));
        writer.finish(&[0xf8], 0, &mut bytes);
        let reader = Reader::open(&bytes).unwrap();
        let sizes: Vec<usize> = reader.packets().map(<[u8]>::len).collect();
        assert_eq!(sizes[..200], [size; 200]);
    }
}

#[test]
fn a_file_torn_at_any_byte_keeps_its_whole_pages_and_is_ended_by_repair() {
    let whole = file(200, true);
    let mut heard = 0;
    for len in 0..=whole.len() {
        let mut torn = whole[..len].to_vec();
        let Ok(reader) = Reader::open(&torn) else {
            assert_eq!(
                heard, 0,
                "what could be read at a shorter length can be read at {len}"
            );
            continue;
        };
        let packets = numbers(&reader);
        assert!(packets.len() >= heard, "a longer file never gives less");
        heard = packets.len();
        assert_eq!(packets, (0..heard as u8).collect::<Vec<_>>());
        repair(&mut torn).unwrap();
        let repaired = Reader::open(&torn).unwrap();
        assert!(repaired.ended());
        assert_eq!(
            (repaired.valid_len(), numbers(&repaired).len()),
            (torn.len(), heard)
        );
        assert!(
            !repair(&mut torn).unwrap(),
            "a second repair changes nothing"
        );
    }
    assert_eq!(heard, 201);
}

#[test]
fn a_killed_writer_has_lost_less_than_a_second() {
    for frames in 0..200 {
        let bytes = file(frames, false);
        let kept = Reader::open(&bytes).unwrap().packets().count();
        assert!(usize::from(frames) - kept < 50);
    }
}

proptest! {
    #[test]
    fn a_flipped_byte_never_gives_a_wrong_packet(at in 0usize..700, flip in 1u8..) {
        let mut bytes = file(100, true);
        let at = at % bytes.len();
        bytes[at] ^= flip;
        if let Ok(reader) = Reader::open(&bytes) {
            let packets = numbers(&reader);
            prop_assert_eq!(&packets, &(0..packets.len() as u8).collect::<Vec<_>>());
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..500), pages in any::<bool>()) {
        if pages {
            let rest = std::mem::replace(&mut bytes, file(3, false));
            bytes.extend(rest);
        }
        let before = bytes.clone();
        if repair(&mut bytes).is_err() {
            prop_assert_eq!(before, bytes);
        }
    }
}
