//! The mix of a room, 20 ms at a time.

use std::time::{Duration, Instant};

use super::input::Input;
use super::limiter::Limiter;
use crate::opus::{Encoder, FRAME_SAMPLES, MAX_FRAME_BYTES, PacketInfo, SILENT_FRAME};
use crate::room::{AudioPacket, ParticipantKey};
use crate::slots::Bid;

/// Speakers heard at once in the mix; RTP could name 15 (RFC 3550 §5.1).
pub const MAX_MIXED: usize = 8;
const BITRATE: u32 = 32_000;
/// In-band FEC for listeners on bad networks costs some of the bitrate. At this one libopus makes copies only where it
/// is told of 8 % or more.
const EXPECTED_LOSS_PERCENT: u8 = 10;
/// Frames of silence that are still encoded, so that the last sound ends as it should.
const TAIL: u32 = 10;

/// One frame of the mix.
#[derive(Debug)]
pub struct Mixed<'a> {
    pub payload: &'a [u8],
    /// Who is heard speaking in it, loudest first.
    pub csrcs: &'a [u32],
    /// False when it is nothing but silence, and has been for a while.
    pub sound: bool,
}

/// Inputs in, one encoded frame a tick out.
#[derive(Debug)]
pub struct Mixer {
    inputs: Vec<Input>,
    limiter: Limiter,
    encoder: Encoder,
    csrcs: Vec<u32>,
    packet: [u8; MAX_FRAME_BYTES],
    silent_frames: u32,
    /// Frames were not encoded.
    skipped: bool,
}

impl Mixer {
    #[must_use]
    pub fn new() -> Self {
        Self {
            inputs: Vec::new(),
            limiter: Limiter::new(),
            encoder: Encoder::new(BITRATE, EXPECTED_LOSS_PERCENT),
            csrcs: Vec::with_capacity(MAX_MIXED),
            packet: [0; MAX_FRAME_BYTES],
            silent_frames: TAIL,
            skipped: false,
        }
    }

    /// A speaker's packet, for some tick soon.
    pub fn push(
        &mut self,
        now: Instant,
        bid: &Bid,
        csrc: u32,
        packet: &AudioPacket<'_>,
        info: &PacketInfo,
    ) {
        let known = self.inputs.iter().position(|input| input.who == bid.who);
        let index = known.unwrap_or_else(|| {
            self.inputs.push(Input::new(now, bid.who, csrc));
            self.inputs.len() - 1
        });
        let Some(input) = self.inputs.get_mut(index) else {
            return;
        };
        (input.csrc, input.score_db) = (csrc, bid.score_db);
        input.push(now, packet, info, bid.loudness);
    }

    /// Forgets all that `who` sent, heard or not.
    pub fn flush(&mut self, who: ParticipantKey) {
        self.inputs.retain(|input| input.who != who);
    }

    /// How long it takes until all that has come by now has been played; zero when nothing waits.
    #[must_use]
    pub fn waits(&self, now: Instant) -> Duration {
        self.inputs
            .iter()
            .map(|input| input.waits(now))
            .max()
            .unwrap_or_default()
    }

    /// All that `who` has sent by now is played from now on, without waiting for more; how long that takes.
    pub fn hurry(&mut self, now: Instant, who: ParticipantKey) -> Duration {
        let input = self.inputs.iter_mut().find(|input| input.who == who);
        input.map_or(Duration::ZERO, |input| {
            input.hurry();
            input.waits(now)
        })
    }

    /// Whether anybody has something to play now.
    #[must_use]
    pub fn has_next(&self, now: Instant) -> bool {
        self.inputs.iter().any(|input| input.has_next(now))
    }

    /// Whether nobody has been loud lately: the coming frames are silence.
    #[must_use]
    pub fn is_silent(&self, now: Instant) -> bool {
        self.silent_frames >= TAIL && !self.inputs.iter().any(|input| input.is_active(now))
    }

    /// Begins a new recording's stream; gives its pre-skip in samples.
    pub fn restart_encoder(&mut self) -> u16 {
        self.encoder.reset();
        self.skipped = false;
        self.encoder.lookahead()
    }

    /// The next 20 ms. Unless it is `wanted` the payload is empty: everybody is decoded all the same, so that the next
    /// one can be had at once.
    pub fn tick(&mut self, now: Instant, wanted: bool) -> Mixed<'_> {
        self.inputs.retain(|input| !input.is_forgotten(now));
        let mut sum = [0.0; FRAME_SAMPLES];
        let sound = self.add_up(now, &mut sum);
        let rested = self.silent_frames >= TAIL;
        self.silent_frames = if sound {
            0
        } else {
            self.silent_frames.saturating_add(1)
        };
        if rested && !sound {
            return Mixed {
                payload: &SILENT_FRAME,
                csrcs: &[],
                sound,
            };
        }
        self.skipped |= rested || !wanted;
        let payload: &[u8] = if wanted {
            if std::mem::take(&mut self.skipped) {
                // Frames went round the encoder: it may not build on what came before them.
                self.encoder.reset();
            }
            self.limiter.apply(&mut sum);
            encode(&mut self.encoder, &sum, &mut self.packet)
        } else {
            &[]
        };
        Mixed {
            payload,
            csrcs: &self.csrcs,
            sound: true,
        }
    }

    /// One frame of nobody, which brings out what the encoder still holds back.
    pub fn last_frame(&mut self) -> &[u8] {
        encode(&mut self.encoder, &[0.0; FRAME_SAMPLES], &mut self.packet)
    }

    /// Adds up the loudest and names those who speak at present; false when there was nothing to add.
    fn add_up(&mut self, now: Instant, sum: &mut [f32; FRAME_SAMPLES]) -> bool {
        self.inputs
            .sort_unstable_by(|a, b| b.score_db.total_cmp(&a.score_db));
        self.csrcs.clear();
        let (mut places, mut sound) = (MAX_MIXED, false);
        for input in &mut self.inputs {
            if places == 0 || !input.is_active(now) {
                input.idle(now);
                continue;
            }
            places -= 1;
            let added = input.add_to(now, sum);
            sound |= added;
            if added && input.is_named(now) {
                self.csrcs.push(input.csrc);
            }
        }
        sound
    }
}

impl Default for Mixer {
    fn default() -> Self {
        Self::new()
    }
}

fn encode<'a>(encoder: &mut Encoder, pcm: &[f32; FRAME_SAMPLES], packet: &'a mut [u8]) -> &'a [u8] {
    match encoder.encode(pcm, packet) {
        Ok(frame) => frame,
        Err(error) => {
            tracing::warn!(%error, "a frame of the mix could not be encoded; silence takes its place");
            &SILENT_FRAME
        }
    }
}
