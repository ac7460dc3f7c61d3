//! A listener's player: every frame is due at its time; what has not come by then is rebuilt or made up.

use std::time::{Duration, Instant};

use palabre_core::opus::{Decoder, FRAME_SAMPLES};

use crate::scene::Heard;
use crate::voice;

pub const FRAME: Duration = Duration::from_millis(20);

pub struct Ear<'a> {
    heard: &'a Heard,
    patience: Duration,
    fec: bool,
    pub frames: usize,
    /// Frames that libopus made up from what came before.
    pub made_up: usize,
    /// Frames rebuilt from the copy in the next packet's own band.
    pub rebuilt: usize,
}

impl<'a> Ear<'a> {
    pub fn new(heard: &'a Heard, patience_ms: u64, fec: bool) -> Self {
        Self {
            heard,
            patience: Duration::from_millis(patience_ms),
            fec,
            frames: 0,
            made_up: 0,
            rebuilt: 0,
        }
    }

    /// `samples` of sound, in step with the original.
    pub fn listen(&mut self, samples: usize) -> Vec<f32> {
        let (mut decoder, mut sound) = (Decoder::new(), Vec::with_capacity(samples));
        while self.frames < self.heard.frames.len() {
            let due = self.heard.begin + self.patience + FRAME * self.frames as u32;
            let played = self.play(&mut decoder, self.frames, due);
            self.frames += played.len() / FRAME_SAMPLES;
            sound.extend_from_slice(played);
        }
        sound.drain(..voice::lookahead());
        sound.resize(samples, 0.0);
        sound
    }

    /// The packet whose first frame is due, or a frame in its place.
    fn play<'d>(&mut self, decoder: &'d mut Decoder, index: usize, due: Instant) -> &'d [f32] {
        if let Some(opus) = self.there(index, due).or_else(|| self.copy(index, due)) {
            return decoder.decode(opus).unwrap();
        }
        match self.there(index + 1, due).filter(|_| self.fec) {
            Some(next) => {
                self.rebuilt += 1;
                decoder.recover(next, FRAME_SAMPLES).unwrap()
            }
            None => {
                self.made_up += 1;
                decoder.conceal(FRAME_SAMPLES).unwrap()
            }
        }
    }

    /// The copy of a frame in the packet after it, if packets carry one.
    fn copy(&self, index: usize, due: Instant) -> Option<&'a [u8]> {
        self.there(index + 1, due).filter(|_| self.heard.copied)?;
        self.heard.said.get(index).map(Vec::as_slice)
    }

    /// The packet that begins with this frame, if it has come by `due`.
    fn there(&self, index: usize, due: Instant) -> Option<&'a [u8]> {
        let (came, opus) = self.heard.frames.get(index)?.as_ref()?;
        (*came <= due).then_some(opus.as_slice())
    }
}
