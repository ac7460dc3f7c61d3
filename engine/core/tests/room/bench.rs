//! A room in virtual time: senders' packets in, everything due done on the way.

use std::time::{Duration, Instant};

use palabre_core::room::{AudioPacket, PackSize, ParticipantKey, RecordingKey, Room};

use crate::ear::Ear;
use crate::speech::Frame;

/// A packet and when it comes.
#[derive(Debug, Clone)]
pub struct Arrival {
    pub at: Duration,
    pub from: u32,
    pub ssrc: u32,
    pub seq: u16,
    pub rtp_ts: u32,
    pub level: Option<u8>,
    pub payload: Vec<u8>,
}

pub struct Bench {
    start: Instant,
    pub room: Room,
    pub ear: Ear,
    /// Times the room asked to be woken up.
    pub wake_ups: usize,
}

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What identifies a participant to clients, in these tests.
pub fn csrc(who: u32) -> u32 {
    1_000 + who
}

/// A voice's packets, one each 20 ms from `from_ms` on. Sequence and timestamps wrap around early.
pub fn send(who: u32, from_ms: u64, frames: &[Frame], claims: bool) -> Vec<Arrival> {
    let arrival = |(n, frame): (usize, &Frame)| Arrival {
        at: ms(from_ms + 20 * n as u64),
        from: who,
        ssrc: 50 + who,
        seq: 65_500u16.wrapping_add(n as u16),
        rtp_ts: 0xffff_8000u32.wrapping_add(960 * n as u32),
        level: claims.then_some(frame.level),
        payload: frame.payload.clone(),
    };
    frames.iter().enumerate().map(arrival).collect()
}

impl Bench {
    /// A room with `speakers` participants, 1 and up, who may speak.
    pub fn new(speakers: u32) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "an Instant can be had from the clock only"
        )]
        let start = Instant::now();
        let mut bench = Self {
            start,
            room: Room::new(7, start),
            ear: Ear::default(),
            wake_ups: 0,
        };
        for who in 1..=speakers {
            bench
                .room
                .admit(ParticipantKey(who), csrc(who), true, &mut bench.ear);
        }
        bench
    }

    pub fn now(&self) -> Instant {
        self.start + self.ear.now
    }

    pub fn may_speak(&mut self, who: u32, may_speak: bool) {
        self.room
            .set_may_speak(ParticipantKey(who), may_speak, &mut self.ear);
    }

    pub fn want_mix(&mut self) {
        self.room.want_mix(true, self.now());
    }

    pub fn want_no_mix(&mut self) {
        self.room.want_mix(false, self.now());
    }

    pub fn pack(&mut self, size: PackSize) {
        self.room.set_pack_size(size, self.now(), &mut self.ear);
    }

    pub fn record(&mut self, title: &str) {
        self.room
            .start_recording(RecordingKey(1), title, self.now(), &mut self.ear);
    }

    pub fn stop_recording(&mut self) {
        self.room.stop_recording(self.now(), &mut self.ear);
    }

    /// Everything that arrives, in the order of time.
    pub fn play(&mut self, mut arrivals: Vec<Arrival>) {
        arrivals.sort_by_key(|arrival| arrival.at);
        for arrival in &arrivals {
            self.until(arrival.at);
            self.put(arrival);
        }
    }

    /// Time goes by.
    pub fn until(&mut self, end: Duration) {
        while let Some(due) = self
            .room
            .next_timeout()
            .filter(|due| *due <= self.start + end)
        {
            self.ear.now = due.saturating_duration_since(self.start).max(self.ear.now);
            self.wake_ups += 1;
            self.room.handle_timeout(self.now(), &mut self.ear);
        }
        self.ear.now = end.max(self.ear.now);
    }

    /// A packet comes while nobody serves what is due.
    pub fn comes_unattended(&mut self, arrival: &Arrival) {
        self.ear.now = arrival.at.max(self.ear.now);
        self.put(arrival);
    }

    fn put(&mut self, arrival: &Arrival) {
        let &Arrival {
            from,
            ssrc,
            seq,
            rtp_ts,
            level,
            ..
        } = arrival;
        let packet = AudioPacket {
            ssrc,
            seq,
            rtp_ts,
            marker: false,
            claimed_level: level,
            payload: &arrival.payload,
        };
        self.room
            .on_audio(self.now(), ParticipantKey(from), &packet, &mut self.ear);
    }
}
