//! When the mix is made, and where it goes: to those who listen to it, and into the recording.

mod recording;
mod route;
mod running;
mod turns;

use std::time::{Duration, Instant};

use super::mix_line::MixLine;
use super::pauses::Pauses;
use super::tape::Tape;
use super::{AudioPacket, GroupIndex, Moment, PackSize, ParticipantKey, RoomSink};
use crate::mix::Mixed;
use crate::opus::{PacketInfo, SILENT_FRAME};
use crate::random::SplitMix64;
use crate::slots::Bid;
use route::{Route, Way};
use running::{Running, TICK};

/// Ticks missed for longer than this (the machine slept) are silence: what was held for them is old.
const STALE: Duration = Duration::from_secs(2);
/// A room that records wakes up so often in silence: the last of its pages is never older than a second.
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
    route: Route,
    /// Some while `wanted` or recording.
    running: Option<Running>,
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
            route: Route::default(),
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
            self.line.begin(now);
            self.route.begin(wanted);
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
        if self.wanted {
            match self.route.way(now, bid, (packet, info), moment) {
                Way::Directly => self.send_directly(now, csrc, packet, info, out),
                Way::MixedAfter(who) => self.mix_after(now, who, out),
                Way::Mixed => {}
            }
        }
        if let Some(running) = &mut self.running {
            running.mixer.push(now, bid, csrc, packet, info);
            running.arrived(now, bid.who);
        }
    }

    /// The mix takes over from a voice that went directly, where that has come to.
    fn mix_after(&mut self, now: Instant, who: ParticipantKey, out: &mut impl RoomSink) {
        if let Some(running) = &mut self.running {
            let tape = self.tape.as_mut();
            let recorded = tape.map(|tape| |mixed: &Mixed<'_>| tape.push(mixed.payload, out));
            running.catch_up(now, who, recorded);
        }
    }

    /// Nothing that `who` sent will be heard any more.
    pub fn flush(&mut self, who: ParticipantKey) {
        if let Some(running) = &mut self.running {
            running.mixer.flush(who);
        }
        self.route.forget(who);
        self.line.forget(who);
    }

    /// Makes the frames that are due.
    pub fn run(&mut self, now: Instant, out: &mut impl RoomSink) {
        while let Some(at) = self.running.as_mut().and_then(|running| running.due(now)) {
            let stale = now.saturating_duration_since(at) > STALE;
            self.tick(at, stale, out);
            self.end_tape(at, out);
        }
        if self.turn_due(now).is_some_and(|due| due <= now) {
            self.pass_turns(now, out);
        }
    }

    fn tick(&mut self, at: Instant, stale: bool, out: &mut impl RoomSink) {
        let Some(running) = &mut self.running else {
            return;
        };
        if stale || running.mixer.is_silent(at) {
            self.route.rest();
        }
        if running.gives_back(at) {
            return;
        }
        let heard = self.wanted && self.route.direct().is_none();
        let mixed = if stale {
            silence()
        } else {
            running.mixer.tick(at, heard || self.tape.is_some())
        };
        if let Some(tape) = &mut self.tape {
            tape.push(mixed.payload, out);
        }
        if self.route.direct().is_some() {
            self.pass_turns(at, out);
        } else if self.wanted {
            self.route.on_mixed(mixed.sound);
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

    pub fn next_timeout(&self) -> Option<Instant> {
        let Running {
            mixer, next_tick, ..
        } = self.running.as_ref()?;
        let idle = if mixer.is_silent(*next_tick) {
            self.idle_ticks()
        } else {
            0
        };
        let tick = *next_tick + TICK * idle;
        Some(
            self.turn_due(*next_tick)
                .map_or(tick, |turn| turn.min(tick)),
        )
    }

    /// While the mix is silent: ticks that may go by until there is something to do. Whatever runs is for the line or for
    /// a tape, or for both.
    fn idle_ticks(&self) -> u32 {
        let for_line = self.wanted.then(|| self.line.idle_ticks());
        let for_tape = self.tape.as_ref().map(|_| RECORDING_TICKS - 1);
        for_line.into_iter().chain(for_tape).min().unwrap_or(0)
    }

    fn start_or_stop(&mut self, now: Instant) {
        if !self.wanted && self.tape.is_none() {
            self.running = None;
        } else if self.running.is_none() {
            self.running = Some(Running::new(now));
        }
    }
}

fn silence() -> Mixed<'static> {
    Mixed {
        payload: &SILENT_FRAME,
        csrcs: &[],
        sound: false,
    }
}
