//! libopus, with the settings of a voice chat fixed.

use ::opus as libopus;
use libopus::{Application, Bitrate, Channels, Error};

use super::{FRAME_SAMPLES, MAX_PACKET_SAMPLES, SAMPLE_RATE};

const CREATED: &str = "libopus makes a mono codec for any rate it supports";

/// Of libopus's 0 to 10: a quarter cheaper than its default of 9, and no difference to be heard in speech.
const COMPLEXITY: i32 = 5;

/// One speaker's decoder: mono out, from mono or stereo packets.
#[derive(Debug)]
pub struct Decoder {
    inner: libopus::Decoder,
    pcm: Box<[f32]>,
}

impl Decoder {
    /// A decoder at 48 kHz.
    #[must_use]
    pub fn new() -> Self {
        Self::at_rate(SAMPLE_RATE)
    }

    /// A decoder at `rate` samples per second: 8, 12, 16, 24 or 48 thousand. The lower, the cheaper.
    #[must_use]
    pub fn at_rate(rate: u32) -> Self {
        let samples = MAX_PACKET_SAMPLES * rate as usize / SAMPLE_RATE as usize;
        let inner = libopus::Decoder::new(rate, Channels::Mono).expect(CREATED);
        Self {
            inner,
            pcm: vec![0.0; samples].into_boxed_slice(),
        }
    }

    /// Decodes a whole packet; the samples (−1 to 1) stay valid until the next call.
    ///
    /// # Errors
    /// libopus's refusal of a malformed packet; the state stays usable.
    pub fn decode(&mut self, packet: &[u8]) -> Result<&[f32], Error> {
        let samples = self.inner.decode_float(packet, &mut self.pcm, false)?;
        Ok(self.pcm.get(..samples).unwrap_or_default())
    }

    /// Rebuilds the `samples` lost just before `next` from the copy it may carry (in-band FEC), else by concealment.
    ///
    /// # Errors
    /// libopus's refusal when `samples` is not a multiple of 2.5 ms or `next` is malformed.
    pub fn recover(&mut self, next: &[u8], samples: usize) -> Result<&[f32], Error> {
        self.fill(next, samples)
    }

    /// Makes `samples` up from what came before: the sound fades out within some frames.
    ///
    /// # Errors
    /// libopus's refusal when `samples` is not a multiple of 2.5 ms.
    pub fn conceal(&mut self, samples: usize) -> Result<&[f32], Error> {
        self.fill(&[], samples)
    }

    /// Forgets the past: what follows is another stream.
    pub fn reset(&mut self) {
        self.inner
            .reset_state()
            .expect("a live decoder can be reset");
    }

    fn fill(&mut self, packet: &[u8], samples: usize) -> Result<&[f32], Error> {
        let samples = samples.min(self.pcm.len());
        let pcm = self.pcm.get_mut(..samples).unwrap_or_default();
        let filled = self.inner.decode_float(packet, pcm, !packet.is_empty())?;
        Ok(self.pcm.get(..filled).unwrap_or_default())
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// A mono 48 kHz voice encoder, 20 ms frames.
#[derive(Debug)]
pub struct Encoder {
    inner: libopus::Encoder,
}

impl Encoder {
    /// An encoder at `bitrate` bits per second that expects `loss_percent` of its packets to be lost (0 turns FEC off).
    #[must_use]
    pub fn new(bitrate: u32, loss_percent: u8) -> Self {
        let inner =
            libopus::Encoder::new(SAMPLE_RATE, Channels::Mono, Application::Voip).expect(CREATED);
        let mut encoder = Self { inner };
        encoder
            .configure(bitrate, loss_percent)
            .expect("libopus takes 6 to 510 kbit/s and 0 to 100 % loss");
        encoder
    }

    fn configure(&mut self, bitrate: u32, loss_percent: u8) -> Result<(), Error> {
        self.inner
            .set_bitrate(Bitrate::Bits(bitrate.clamp(6_000, 510_000) as i32))?;
        self.inner.set_complexity(COMPLEXITY)?;
        self.inner.set_signal(libopus::Signal::Voice)?;
        self.inner.set_inband_fec(loss_percent > 0)?;
        self.inner
            .set_packet_loss_perc(i32::from(loss_percent.min(100)))
    }

    /// Lets libopus send (nearly) nothing in pauses: packets of one or two bytes (RFC 7587 §3.1.3).
    pub fn set_dtx(&mut self, on: bool) {
        self.inner
            .set_dtx(on)
            .expect("a live encoder can turn DTX on and off");
    }

    /// Samples at 48 kHz by which the decoded sound comes late: the pre-skip of a file (RFC 7845 §4.2).
    #[must_use]
    pub fn lookahead(&mut self) -> u16 {
        let samples = self
            .inner
            .get_lookahead()
            .expect("a live encoder knows its lookahead");
        u16::try_from(samples).unwrap_or_default()
    }

    /// Encodes one 20 ms frame into `packet`; the bytes written.
    ///
    /// # Errors
    /// libopus's refusal, for example of a `packet` too short for the bitrate.
    pub fn encode<'a>(
        &mut self,
        pcm: &[f32; FRAME_SAMPLES],
        packet: &'a mut [u8],
    ) -> Result<&'a [u8], Error> {
        let written = self.inner.encode_float(pcm, packet)?;
        Ok(packet.get(..written).unwrap_or_default())
    }

    /// Forgets the past: what follows is another stream.
    pub fn reset(&mut self) {
        self.inner
            .reset_state()
            .expect("a live encoder can be reset");
    }
}

#[cfg(test)]
mod tests;
