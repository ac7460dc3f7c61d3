//! The fixed part of an RTP header (RFC 3550 §5.1), readable without keys.

/// What anybody on the path can read of an RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpHeader {
    pub ssrc: u32,
    pub sequence: u16,
    pub rtp_ts: u32,
    pub csrcs: Csrcs,
}

/// Up to 15 contributing sources, kept without allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Csrcs {
    values: [u32; 15],
    len: u8,
}

impl Csrcs {
    /// Keeps at most 15 of `values`, all that a header can carry.
    pub fn new(values: &[u32]) -> Self {
        let mut kept = Self::default();
        for (slot, value) in kept.values.iter_mut().zip(values) {
            *slot = *value;
            kept.len += 1;
        }
        kept
    }

    pub fn as_slice(&self) -> &[u32] {
        self.values.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// Reads the header of a datagram that RFC 7983 and RFC 5761 §4 classify as RTP, else `None`.
pub fn read(datagram: &[u8]) -> Option<RtpHeader> {
    let (fixed, rest) = datagram.split_first_chunk::<12>()?;
    let is_rtcp = (64..=95).contains(&(fixed[1] & 0x7f));
    if !(128..192).contains(&fixed[0]) || is_rtcp {
        return None;
    }
    let mut csrcs = Csrcs::default();
    let count = usize::from(fixed[0] & 0x0f);
    let (words, _) = rest.as_chunks::<4>();
    for (slot, word) in csrcs.values.iter_mut().zip(words.get(..count)?) {
        *slot = u32::from_be_bytes(*word);
        csrcs.len += 1;
    }
    Some(RtpHeader {
        sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
        rtp_ts: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
        ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        csrcs,
    })
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_packet_with_one_csrc_is_read_and_rtcp_is_not() {
        let rtp = [0x81, 111, 0, 7, 0, 0, 3, 192, 0, 0, 0, 9, 0, 0, 0, 5, 1, 2];
        let header = read(&rtp).expect("this is RTP");
        assert_eq!((header.sequence, header.rtp_ts, header.ssrc), (7, 960, 9));
        assert_eq!(header.csrcs.as_slice(), [5]);
        let mut rtcp = rtp;
        rtcp[1] = 200;
        assert_eq!(read(&rtcp), None);
    }

    #[test]
    fn a_packet_cut_inside_its_csrcs_is_no_rtp() {
        assert_eq!(
            read(&[0x82, 111, 0, 7, 0, 0, 3, 192, 0, 0, 0, 9, 0, 0, 0, 5]),
            None
        );
    }
}
