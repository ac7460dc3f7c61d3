//! The recording of the mix: from when to when frames go onto a tape.

use std::time::{Duration, Instant};

use super::{Mixing, Running, TICK};
use crate::recording::Recorder;
use crate::room::tape::Tape;
use crate::room::{RecordingKey, RoomSink};

impl Mixing {
    pub fn start_recording(
        &mut self,
        now: Instant,
        recording: RecordingKey,
        title: &str,
        serial: u32,
        out: &mut impl RoomSink,
    ) {
        self.run(now, out);
        let tape = self.tape.take();
        let running = self.running.get_or_insert_with(|| Running::new(now));
        if let Some(tape) = tape {
            // What waits in the buffers goes into the new one. To make it now would hurry those who listen.
            tape.finish(Some(running.mixer.last_frame()), out);
        }
        let recorder = Recorder::start(serial, title, running.mixer.restart_encoder());
        self.tape = Some(Tape::start(recording, recorder, out));
    }

    /// The recording ends when what has come by now, and waits in the buffers, is in it.
    pub fn stop_recording(&mut self, now: Instant, out: &mut impl RoomSink) {
        self.stop_tape(now, out);
    }

    /// The same without waiting: the ticks up to its end are made now.
    pub fn end_recording(&mut self, now: Instant, out: &mut impl RoomSink) {
        if let Some(end) = self.stop_tape(now, out) {
            self.run(end + TICK, out);
        }
    }

    /// When the tape ends, if there is one that does not end at once.
    fn stop_tape(&mut self, now: Instant, out: &mut impl RoomSink) -> Option<Instant> {
        self.run(now, out);
        let waits = self
            .running
            .as_ref()
            .map_or(Duration::ZERO, |running| running.mixer.waits(now));
        let end = self.tape.as_mut().map(|tape| tape.stop(now + waits));
        self.end_tape(now, out);
        end.filter(|_| self.tape.is_some())
    }

    pub(super) fn end_tape(&mut self, at: Instant, out: &mut impl RoomSink) {
        if let Some(tape) = self.tape.take_if(|tape| tape.is_over(at)) {
            let running = self.running.as_mut();
            tape.finish(running.map(|running| running.mixer.last_frame()), out);
            self.start_or_stop(at);
        }
    }
}
