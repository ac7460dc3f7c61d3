//! When the mix is made, and where it goes: to those who listen to it, and into the recording.

mod route;

use std::time::{Duration, Instant};

use super::direct::Direct;
use super::mix_line::MixLine;
use super::pauses::Pauses;
use super::tape::Tape;
use super::{AudioPacket, GroupIndex, Moment, PackSize, ParticipantKey, RecordingKey, RoomSink};
use crate::mix::{Mixed, Mixer};
use crate::opus::{PacketInfo, SILENT_FRAME};
use crate::random::SplitMix64;
use crate::recording::Recorder;
use crate::slots::Bid;

const TICK: Duration = Duration::from_millis(20);
/// Ticks missed for longer than this (the machine slept) are silence: what was held for them is old.
const STALE: Duration = Duration::from_secs(2);
/// A room that only records wakes up so often in silence.
const RECORDING_TICKS: u32 = 20;
/// Whoever waits to be moved waits no longer than this for a pause.
pub(crate) const MOVE_WITHIN: Duration = Duration::from_secs(4);

/// The room's mix.
#[derive(Debug)]
pub(super) struct Mixing {
    line: MixLine,
    /// The size that packs should have, and when they get it at the latest.
    resize: Option<(PackSize, Instant)>,
    pauses: Pauses,
    wanted: bool,
    tape: Option<Tape>,
    /// While one voice alone is loud: its frames go to the listeners instead of the mix.
    direct: Option<Direct>,
    /// The mix repeats up to then what listeners have heard directly.
    repeats_until: Option<Instant>,
    /// Nothing has been sent since somebody began to listen.
    unheard: bool,
    /// Nothing goes directly before.
    mixed_until: Option<Instant>,
    /// Some while `wanted` or recording.
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    mixer: Mixer,
    next_tick: Instant,
}

impl Mixing {
    pub fn new(ssrc: u32, now: Instant, random: &mut SplitMix64) -> Self {
        let line = MixLine::new(ssrc, now, random);
        Self {
            line,
            resize: None,
            pauses: Pauses::default(),
            wanted: false,
            tape: None,
            direct: None,
            repeats_until: None,
            unheard: false,
            mixed_until: None,
            running: None,
        }
    }

    pub fn ssrc(&self) -> u32 {
        self.line.ssrc()
    }

    pub fn rtp_time(&self, now: Instant) -> u32 {
        self.line.rtp_time(now)
    }

    pub fn want(&mut self, now: Instant, wanted: bool) {
        if wanted != self.wanted {
            self.line.begin();
            (self.direct, self.repeats_until) = (None, None);
            self.unheard = wanted;
        }
        self.wanted = wanted;
        self.start_or_stop(now);
    }

    /// Packs of this size from the next pause on.
    pub fn set_pack_size(&mut self, now: Instant, size: PackSize, out: &mut impl RoomSink) {
        let wished = self.resize.map_or(self.line.size(), |(wished, _)| wished);
        if wished != size {
            self.resize = (size != self.line.size()).then_some((size, now + MOVE_WITHIN));
        }
        if !self.wanted
            && let Some((size, _)) = self.resize.take()
        {
            self.line.resize(size, out);
            out.mix_resized(size);
        }
    }

    /// A packet of a slot goes out now.
    pub fn on_forwarded(&mut self, now: Instant) {
        self.pauses.on_forwarded(now);
    }

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

    /// A packet of somebody who may speak. Ticks that are due have to be run before it, or a pause would be cut short
    /// by the first word after it.
    pub fn push(
        &mut self,
        now: Instant,
        bid: &Bid,
        csrc: u32,
        packet: &AudioPacket<'_>,
        info: &PacketInfo,
        out: &mut impl RoomSink,
    ) {
        let moment = self.pauses.moment(now, self.line.is_at_rest());
        if bid.loudness.is_speech() {
            self.pauses.on_speech(now);
        }
        if self.wanted && self.goes_directly(now, bid, packet, info, moment) {
            self.send_directly(now, csrc, packet, info, out);
        }
        if let Some(running) = &mut self.running {
            running.mixer.push(now, bid, csrc, packet, info);
        }
    }

    /// Nothing that `who` sent will be heard any more.
    pub fn flush(&mut self, who: ParticipantKey) {
        if let Some(running) = &mut self.running {
            running.mixer.flush(who);
        }
        self.direct.take_if(|direct| direct.who == who);
        self.line.forget(who);
    }

    /// Makes the frames that are due.
    pub fn run(&mut self, now: Instant, out: &mut impl RoomSink) {
        while let Some(at) = self.running.as_mut().and_then(|running| running.due(now)) {
            let stale = now.saturating_duration_since(at) > STALE;
            self.tick(at, stale, out);
            self.end_tape(at, out);
        }
    }

    fn tick(&mut self, at: Instant, stale: bool, out: &mut impl RoomSink) {
        let Some(running) = &mut self.running else {
            return;
        };
        if stale || running.mixer.is_silent(at) {
            self.direct = None;
        }
        let repeats = self.repeats_until.is_some_and(|until| at <= until);
        let heard = self.wanted && self.direct.is_none() && !repeats;
        let mixed = if stale {
            silence()
        } else {
            running.mixer.tick(at, heard || self.tape.is_some())
        };
        if let Some(tape) = &mut self.tape {
            tape.push(mixed.payload, out);
        }
        if self.direct.is_some() {
            self.pass_turns(at, out);
        } else if self.wanted {
            let mixed = if heard { mixed } else { silence() };
            self.unheard &= !mixed.sound;
            let group = self.line.send(at, &mixed, out);
            self.after_turn(at, group, out);
        }
    }

    /// A group has had what is due to it.
    fn after_turn(&mut self, at: Instant, group: GroupIndex, out: &mut impl RoomSink) {
        let moment = self.pauses.moment(at, self.line.is_at_rest());
        out.mix_turn(at, group, moment);
        self.resize_at(at, moment, out);
    }

    fn resize_at(&mut self, at: Instant, moment: Moment, out: &mut impl RoomSink) {
        let due = |latest| moment != Moment::Speech || at >= latest;
        if let Some((size, _)) = self.resize.take_if(|(_, latest)| due(*latest)) {
            self.line.resize(size, out);
            out.mix_resized(size);
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

    fn end_tape(&mut self, at: Instant, out: &mut impl RoomSink) {
        if let Some(tape) = self.tape.take_if(|tape| tape.is_over(at)) {
            let running = self.running.as_mut();
            tape.finish(running.map(|running| running.mixer.last_frame()), out);
            self.start_or_stop(at);
        }
    }

    pub fn next_timeout(&self) -> Option<Instant> {
        let Running { mixer, next_tick } = self.running.as_ref()?;
        let idle = match (mixer.is_silent(*next_tick), self.wanted) {
            (false, _) => 0,
            (true, true) => self.line.idle_ticks(),
            (true, false) => RECORDING_TICKS - 1,
        };
        Some(*next_tick + TICK * idle)
    }

    fn start_or_stop(&mut self, now: Instant) {
        if !self.wanted && self.tape.is_none() {
            self.running = None;
        } else if self.running.is_none() {
            self.running = Some(Running::new(now));
        }
    }
}

impl Running {
    fn new(now: Instant) -> Self {
        Self {
            mixer: Mixer::new(),
            next_tick: now + TICK,
        }
    }

    /// The next tick, if its time has come.
    fn due(&mut self, now: Instant) -> Option<Instant> {
        let at = self.next_tick;
        (at <= now).then(|| {
            self.next_tick = at + TICK;
            at
        })
    }
}

fn silence() -> Mixed<'static> {
    Mixed {
        payload: &SILENT_FRAME,
        csrcs: &[],
        sound: false,
    }
}
