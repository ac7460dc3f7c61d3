//! The clock of a speaker: one Opus frame every 20 ms.

use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::media::Pt;
use str0m::rtp::{ExtensionValues, RtpWrite};

use crate::speech::{FRAME_MS, FRAME_SAMPLES, Speech};

/// Speech on its way out.
#[derive(Debug)]
pub struct Talk {
    speech: Arc<Speech>,
    repeat: bool,
    started_at: Option<Instant>,
    sent: u64,
    /// When each frame went out, nanoseconds since 1970.
    sent_at_ns: Vec<u64>,
}

impl Talk {
    pub(super) fn new(speech: Arc<Speech>, repeat: bool) -> Self {
        Self {
            speech,
            repeat,
            started_at: None,
            sent: 0,
            sent_at_ns: Vec::new(),
        }
    }

    /// Frames sent so far.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// When each of them went out, nanoseconds since 1970.
    pub fn sent_at_ns(&self) -> &[u64] {
        &self.sent_at_ns
    }

    /// Everything was said.
    pub fn is_over(&self) -> bool {
        !self.repeat && self.sent >= self.speech.frames.len() as u64
    }

    pub(super) fn start(&mut self, now: Instant) {
        self.started_at.get_or_insert(now);
    }

    pub(super) fn next_frame_at(&self) -> Option<Instant> {
        let elapsed = Duration::from_millis(FRAME_MS * self.sent);
        self.started_at
            .filter(|_| !self.is_over())
            .map(|start| start + elapsed)
    }

    /// The next packet, if its time has come.
    pub(super) fn next_due(&mut self, pt: Pt, now: Instant) -> Option<RtpWrite> {
        let due = self.next_frame_at().filter(|due| *due <= now)?;
        let count = self.speech.frames.len() as u64;
        let frame = self
            .speech
            .frames
            .get((self.sent % count.max(1)) as usize)?;
        let level = ExtensionValues {
            audio_level: Some(frame.level_dbov),
            voice_activity: Some(frame.level_dbov > SPEECH_ABOVE_DBOV),
            ..ExtensionValues::default()
        };
        let rtp_ts = (self.sent as u32).wrapping_mul(FRAME_SAMPLES as u32);
        let packet = RtpWrite::new(pt, self.sent.into(), rtp_ts, due, frame.opus.as_slice());
        self.sent += 1;
        self.sent_at_ns.push(crate::lean::realtime_ns());
        Some(packet.ext_vals(level).marker(self.sent == 1).nackable(true))
    }
}

/// Quieter frames claim no voice, as a browser's detector would.
const SPEECH_ABOVE_DBOV: i8 = -50;
