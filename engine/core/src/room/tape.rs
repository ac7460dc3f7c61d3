//! A recording that runs, and when it ends: once all that had come before the stop is in it.

use std::time::Instant;

use super::{RecordingKey, RoomSink};
use crate::recording::Recorder;

/// Takes one frame of the mix a tick.
#[derive(Debug)]
pub(super) struct Tape {
    recording: RecordingKey,
    recorder: Recorder,
    /// Since it was stopped: the tick that plays the last of what had come by then.
    ends_at: Option<Instant>,
}

impl Tape {
    pub fn start(recording: RecordingKey, recorder: Recorder, out: &mut impl RoomSink) -> Self {
        let mut tape = Self {
            recording,
            recorder,
            ends_at: None,
        };
        tape.drain(out);
        tape
    }

    pub fn push(&mut self, frame: &[u8], out: &mut impl RoomSink) {
        self.recorder.push(frame);
        self.drain(out);
    }

    /// Ends it with the first tick from `at` on; a second stop changes nothing.
    pub fn stop(&mut self, at: Instant) -> Instant {
        *self.ends_at.get_or_insert(at)
    }

    pub fn is_over(&self, tick: Instant) -> bool {
        self.ends_at.is_some_and(|at| at <= tick)
    }

    /// See [`Recorder::finish`].
    pub fn finish(self, last: Option<&[u8]>, out: &mut impl RoomSink) {
        let (pages, duration_ms) = self.recorder.finish(last);
        out.recording_page(self.recording, &pages);
        out.recording_stopped(self.recording, duration_ms);
    }

    fn drain(&mut self, out: &mut impl RoomSink) {
        let recording = self.recording;
        self.recorder
            .drain(|pages| out.recording_page(recording, pages));
    }
}
