//! Packets in, pages out.

use super::page::{self, NewPage, flags};
use crate::opus::SAMPLE_RATE;

/// A page is closed when it holds half a second, in samples: with a silent room's rare wake-ups a killed process
/// still loses less than a second.
const PAGE_SAMPLES: u64 = SAMPLE_RATE as u64 / 2;
/// The most lacing values a page can hold.
const MAX_SEGMENTS: usize = 255;
/// A longer title is cut here, in characters, so that the tags fit on one page.
const MAX_TITLE: usize = 256;

/// What a file says first (RFC 7845 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Samples at 48 kHz that a player decodes and throws away.
    pub pre_skip: u16,
    /// May be empty.
    pub title: String,
}

impl Head {
    fn id_header(&self) -> Vec<u8> {
        let mut packet = b"OpusHead\x01\x01".to_vec();
        packet.extend_from_slice(&self.pre_skip.to_le_bytes());
        packet.extend_from_slice(&SAMPLE_RATE.to_le_bytes());
        // Gain 0 dB, channel mapping family 0.
        packet.extend_from_slice(&[0, 0, 0]);
        packet
    }

    fn comment_header(&self) -> Vec<u8> {
        let title: String = self.title.chars().take(MAX_TITLE).collect();
        let comment = format!("TITLE={title}");
        let comments: &[String] = if title.is_empty() {
            &[]
        } else {
            std::slice::from_ref(&comment)
        };
        let mut packet = b"OpusTags".to_vec();
        append_string(&mut packet, "palabre");
        packet.extend_from_slice(&(comments.len() as u32).to_le_bytes());
        comments
            .iter()
            .for_each(|comment| append_string(&mut packet, comment));
        packet
    }
}

/// A length of four bytes and the text (RFC 7845 §5.2).
fn append_string(packet: &mut Vec<u8>, text: &str) {
    packet.extend_from_slice(&(text.len() as u32).to_le_bytes());
    packet.extend_from_slice(text.as_bytes());
}

/// A mono Ogg Opus stream in the making. Every method appends whole pages to `out`.
#[derive(Debug)]
pub struct Writer {
    serial: u32,
    seq: u32,
    /// Samples of all packets so far.
    granule: u64,
    page_start: u64,
    lacing: Vec<u8>,
    body: Vec<u8>,
}

impl Writer {
    /// Begins a stream: its two header pages.
    #[must_use]
    pub fn begin(serial: u32, head: &Head, out: &mut Vec<u8>) -> Self {
        let (lacing, body) = (Vec::with_capacity(MAX_SEGMENTS), Vec::new());
        let mut writer = Self {
            serial,
            seq: 0,
            granule: 0,
            page_start: 0,
            lacing,
            body,
        };
        writer.add(&head.id_header());
        writer.close_page(flags::FIRST, 0, out);
        writer.add(&head.comment_header());
        writer.close_page(0, 0, out);
        writer
    }

    /// Adds a packet of `samples` at 48 kHz; a page that is full goes out.
    pub fn push(&mut self, packet: &[u8], samples: u32, out: &mut Vec<u8>) {
        if self.lacing.len() + packet.len() / 255 + 1 > MAX_SEGMENTS {
            self.close_page(0, self.granule, out);
        }
        self.add(packet);
        self.granule += u64::from(samples);
        if self.granule - self.page_start >= PAGE_SAMPLES {
            self.close_page(0, self.granule, out);
        }
    }

    /// Samples of all packets so far, pre-skip included.
    #[must_use]
    pub fn granule(&self) -> u64 {
        self.granule
    }

    /// Ends the stream with one more packet, of which a player keeps what is up to `granule` (RFC 7845 §4.4).
    pub fn finish(mut self, last: &[u8], granule: u64, out: &mut Vec<u8>) {
        if self.lacing.len() + last.len() / 255 + 1 > MAX_SEGMENTS {
            self.close_page(0, self.granule, out);
        }
        self.add(last);
        self.close_page(flags::LAST, granule.max(self.granule), out);
    }

    fn add(&mut self, packet: &[u8]) {
        self.lacing
            .extend(std::iter::repeat_n(255, packet.len() / 255));
        self.lacing.push((packet.len() % 255) as u8);
        self.body.extend_from_slice(packet);
    }

    fn close_page(&mut self, flags: u8, granule: u64, out: &mut Vec<u8>) {
        let page = NewPage {
            flags,
            granule,
            serial: self.serial,
            seq: self.seq,
        };
        page::append(out, &page, &self.lacing, &self.body);
        self.seq = self.seq.wrapping_add(1);
        self.page_start = self.granule;
        self.lacing.clear();
        self.body.clear();
    }
}
