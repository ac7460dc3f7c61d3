//! A recording in the making, and what to say of a finished one.

mod summary;

pub use summary::{LEVELS, MAX_LEVEL, Summary, summarise};

use crate::ogg::{Head, Writer};
use crate::opus::{FRAME_SAMPLES, SAMPLE_RATE, SILENT_FRAME};

/// Frames of 20 ms in, Ogg pages out. It knows no clock: one frame for each 20 ms, sound or silence.
#[derive(Debug)]
pub struct Recorder {
    writer: Writer,
    pre_skip: u16,
    pages: Vec<u8>,
}

impl Recorder {
    /// A recording whose header pages are ready. `pre_skip` is the encoder's lookahead in samples.
    #[must_use]
    pub fn start(serial: u32, title: &str, pre_skip: u16) -> Self {
        let mut pages = Vec::new();
        let head = Head {
            pre_skip,
            title: title.to_owned(),
        };
        let writer = Writer::begin(serial, &head, &mut pages);
        Self {
            writer,
            pre_skip,
            pages,
        }
    }

    /// The next 20 ms, encoded.
    pub fn push(&mut self, frame: &[u8]) {
        self.writer
            .push(frame, FRAME_SAMPLES as u32, &mut self.pages);
    }

    /// Gives `write` the pages that are ready, if any.
    pub fn drain(&mut self, write: impl FnOnce(&[u8])) {
        if !self.pages.is_empty() {
            write(&self.pages);
            self.pages.clear();
        }
    }

    /// Ends the stream: its last pages, and its duration in milliseconds. `last` is one frame more: it brings out
    /// what the encoder still holds back, so that the file is as long as the time it took.
    #[must_use]
    pub fn finish(mut self, last: Option<&[u8]>) -> (Vec<u8>, u64) {
        let played = self.writer.granule();
        let end = played + u64::from(self.pre_skip);
        self.writer
            .finish(last.unwrap_or(&SILENT_FRAME), end, &mut self.pages);
        (self.pages, played * 1_000 / u64::from(SAMPLE_RATE))
    }
}
