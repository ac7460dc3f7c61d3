//! What the formats of an audio section are, read in one pass over them and one over each kind of attribute: whoever
//! holds a ticket may send tens of thousands of either.

const OPUS: &str = "opus/48000/2";
const RED: &str = "red/48000/2";
/// RTP payload types are seven bits (RFC 3550 §5.1).
const PAYLOAD_TYPES: usize = 128;

/// The RTP payload types of the m-line, in its order, that the engine has a use for.
#[derive(Debug, Default)]
pub(super) struct Codecs {
    opus: Vec<u8>,
    red: Vec<u8>,
}

impl Codecs {
    /// `rtpmaps` gives the values of `a=rtpmap`; where several name one format the first counts.
    pub fn read<'a, I>(formats: &str, rtpmaps: impl FnOnce() -> I) -> Self
    where
        I: Iterator<Item = &'a str>,
    {
        let mut names = [None; PAYLOAD_TYPES];
        for (payload_type, name) in rtpmaps().filter_map(split) {
            if let Some(known) = names.get_mut(usize::from(payload_type)) {
                known.get_or_insert(name);
            }
        }
        let mut codecs = Self::default();
        for payload_type in formats.split_ascii_whitespace().filter_map(number) {
            let name = names.get(usize::from(payload_type)).copied().flatten();
            let is = |codec| name.is_some_and(|name: &str| name.eq_ignore_ascii_case(codec));
            if is(OPUS) {
                codecs.opus.push(payload_type);
            } else if is(RED) {
                codecs.red.push(payload_type);
            }
        }
        codecs
    }

    /// The first format that an rtpmap calls Opus (RFC 7587 §7).
    pub fn opus(&self) -> Option<u8> {
        self.opus.first().copied()
    }

    /// The first format that is redundant audio made of `opus` alone: `111/111` (RFC 2198 §5).
    pub fn red_of<'a>(&self, opus: u8, fmtps: impl Iterator<Item = &'a str>) -> Option<u8> {
        let mut carries = [false; PAYLOAD_TYPES];
        for (payload_type, blocks) in fmtps.filter_map(split) {
            let mut blocks = blocks.split('/');
            if let Some(carries) = carries.get_mut(usize::from(payload_type)) {
                *carries |= blocks.all(|block| block.trim().parse() == Ok(opus));
            }
        }
        let carries = |red: &u8| carries.get(usize::from(*red)) == Some(&true);
        self.red.iter().copied().find(carries)
    }
}

/// A format and what is said of it.
fn split(line: &str) -> Option<(u8, &str)> {
    let (format, rest) = line.split_once(' ')?;
    Some((number(format)?, rest.trim()))
}

fn number(format: &str) -> Option<u8> {
    let payload_type = format.parse().ok()?;
    (1..=127).contains(&payload_type).then_some(payload_type)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn every_attribute_is_read_once_however_many_formats_there_are() {
        let formats = vec!["9"; 20_000].join(" ") + " 111 63";
        let read = Cell::new(0);
        let count = |_: &&str| read.set(read.get() + 1);
        let noise = std::iter::repeat_n("9 G722/8000", 3_000);
        let rtpmaps = noise.chain(["111 opus/48000/2", "63 RED/48000/2"]);
        let codecs = Codecs::read(&formats, || rtpmaps.inspect(count));
        assert_eq!((codecs.opus(), read.get()), (Some(111), 3_002));
        let fmtps = std::iter::repeat_n("63 0/0", 3_000).chain(["63 111/111"]);
        let red = codecs.red_of(111, fmtps.inspect(count));
        assert_eq!((red, read.get()), (Some(63), 3_002 + 3_001));
    }

    #[test]
    fn the_first_name_of_a_format_and_the_first_format_of_a_name_count() {
        let rtpmaps = [
            "8 PCMA/8000",
            "8 opus/48000/2",
            "97 opus/48000/2",
            "96 opus/48000/2",
        ];
        let codecs = Codecs::read("8 0 96 97", || rtpmaps.into_iter());
        assert_eq!(codecs.opus(), Some(96));
    }
}
