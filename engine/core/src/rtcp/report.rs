//! The fixed-size records inside sender and receiver reports (RFC 3550 §6.4).

/// Wall-clock time as NTP counts it: seconds since 1900 in the upper 32 bits, fractions of 2^-32 s in the lower.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// Seconds from 1900-01-01 to 1970-01-01.
    const UNIX_EPOCH_S: u64 = 2_208_988_800;

    /// The NTP time of a duration since 1970-01-01 UTC; the seconds wrap in 2036, as NTP's do.
    pub fn since_unix_epoch(elapsed: std::time::Duration) -> Self {
        let seconds = elapsed.as_secs().wrapping_add(Self::UNIX_EPOCH_S);
        let fraction = (u64::from(elapsed.subsec_nanos()) << 32) / 1_000_000_000;
        Self(seconds << 32 | fraction)
    }

    /// The middle 32 bits, in units of 2^-16 s, as report blocks refer to a sender report.
    pub fn middle(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

/// What the sender of a stream says about it in a sender report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SenderInfo {
    pub ntp: NtpTime,
    /// The stream's RTP timestamp at `ntp`.
    pub rtp_timestamp: u32,
    pub packet_count: u32,
    /// Payload bytes, without headers and padding.
    pub octet_count: u32,
}

/// What a receiver says about one stream it gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReportBlock {
    pub ssrc: u32,
    /// Share of packets lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the beginning: a signed 24-bit number, negative when duplicates outnumber losses.
    pub cumulative_lost: i32,
    pub highest_sequence: u32,
    /// In units of the RTP clock.
    pub jitter: u32,
    /// [`NtpTime::middle`] of the last sender report received, 0 when none was.
    pub last_sender_report: u32,
    /// Delay since that report, in 1/65536 s.
    pub delay_since_last_sender_report: u32,
}

impl ReportBlock {
    /// Length in bytes on the wire.
    pub const LEN: usize = 24;

    pub(super) fn parse(bytes: &[u8; Self::LEN]) -> Self {
        let words: [u32; 6] = std::array::from_fn(|i| word(bytes, 4 * i));
        let [
            ssrc,
            loss,
            highest_sequence,
            jitter,
            last_sender_report,
            delay,
        ] = words;
        Self {
            ssrc,
            fraction_lost: (loss >> 24) as u8,
            // Shifting up and arithmetically down again extends the sign of the 24-bit number.
            cumulative_lost: ((loss << 8) as i32) >> 8,
            highest_sequence,
            jitter,
            last_sender_report,
            delay_since_last_sender_report: delay,
        }
    }

    pub(super) fn to_bytes(self) -> [u8; Self::LEN] {
        let cumulative = self.cumulative_lost.clamp(-(1 << 23), (1 << 23) - 1) as u32 & 0x00FF_FFFF;
        let words = [
            self.ssrc,
            u32::from(self.fraction_lost) << 24 | cumulative,
            self.highest_sequence,
            self.jitter,
            self.last_sender_report,
            self.delay_since_last_sender_report,
        ];
        let mut bytes = [0; Self::LEN];
        for (slot, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *slot = word.to_be_bytes();
        }
        bytes
    }
}

/// The big-endian word at `at`; 0 beyond the end, which callers rule out by checking lengths first.
pub(super) fn word(bytes: &[u8], at: usize) -> u32 {
    let chunk = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
    chunk.map_or(0, |chunk| u32::from_be_bytes(*chunk))
}
