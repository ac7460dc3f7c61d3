//! What one lean listener received: a few numbers per SSRC.

/// The lines of a listener; it has few, so a list is searched.
#[derive(Default)]
pub struct Streams(Vec<Stream>);

/// Counts of one SSRC since the last [`Streams::restart`].
#[derive(Debug, Clone)]
pub struct Stream {
    ssrc: u32,
    /// The highest sequence number, its roll-overs counted in.
    highest: u64,
    /// Where counting began: the first one that counts.
    first: u64,
    /// Bit n: the packet `highest - n` was received.
    window: u64,
    pub received: u32,
    pub duplicates: u32,
    pub reordered: u32,
}

impl Streams {
    /// Notes a packet; gives the roll-over counter it was encrypted with, or `None` for a duplicate.
    pub fn note(&mut self, ssrc: u32, sequence: u16) -> Option<u32> {
        let known = self.0.iter_mut().find(|stream| stream.ssrc == ssrc);
        let Some(stream) = known else {
            self.0.push(Stream::starting(ssrc, sequence));
            return Some(0);
        };
        stream.note(sequence)
    }

    /// Forgets the counts and goes on from here.
    pub fn restart(&mut self) {
        for stream in &mut self.0 {
            (stream.received, stream.duplicates, stream.reordered) = (0, 0, 0);
            stream.first = stream.highest + 1;
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Stream> {
        self.0.iter()
    }

    /// The SSRC of each line with its highest sequence number, as a receiver report says it.
    pub fn for_report(&self) -> impl Iterator<Item = (u32, u32)> {
        self.0.iter().map(|s| (s.ssrc, s.highest as u32))
    }
}

impl Stream {
    fn starting(ssrc: u32, sequence: u16) -> Self {
        Self {
            ssrc,
            highest: sequence.into(),
            first: sequence.into(),
            window: 1,
            received: 1,
            duplicates: 0,
            reordered: 0,
        }
    }

    /// Packets missing between where counting began and the highest.
    pub fn lost(&self) -> u64 {
        (self.highest + 1)
            .saturating_sub(self.first)
            .saturating_sub(self.received.into())
    }

    fn note(&mut self, sequence: u16) -> Option<u32> {
        // The 16-bit difference, read as signed, places the packet before or after the highest.
        let ahead = i64::from(sequence.wrapping_sub(self.highest as u16) as i16);
        if ahead > 0 {
            self.highest += ahead as u64;
            self.window = self.window.checked_shl(ahead as u32).unwrap_or(0) | 1;
        } else {
            let bit = 1u64.checked_shl(ahead.unsigned_abs() as u32).unwrap_or(0);
            if bit == 0 || self.window & bit != 0 {
                self.duplicates += 1;
                return None;
            }
            self.window |= bit;
            self.reordered += 1;
        }
        let extended = self.highest.checked_add_signed(ahead.min(0))?;
        // One from before counting began is not counted, or it would hide a loss.
        self.received += u32::from(extended >= self.first);
        Some((extended >> 16) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(streams: &Streams) -> (u32, u64, u32, u32) {
        let stream = streams.iter().next().unwrap();
        (
            stream.received,
            stream.lost(),
            stream.duplicates,
            stream.reordered,
        )
    }

    #[test]
    fn loss_order_and_duplicates_are_counted_across_a_roll_over() {
        let mut streams = Streams::default();
        let rocs: Vec<_> = [65_534, 65_535, 1, 0, 3, 3]
            .into_iter()
            .map(|sequence| streams.note(9, sequence))
            .collect();
        assert_eq!(rocs, [Some(0), Some(0), Some(1), Some(1), Some(1), None]);
        assert_eq!(counted(&streams), (5, 1, 1, 1));
    }

    #[test]
    fn a_new_count_starts_where_the_last_one_ended() {
        let mut streams = Streams::default();
        for sequence in [1, 5, 6] {
            streams.note(9, sequence);
        }
        streams.restart();
        assert_eq!(counted(&streams), (0, 0, 0, 0));
        for sequence in [4, 7, 9] {
            streams.note(9, sequence);
        }
        assert_eq!(counted(&streams), (2, 1, 0, 1));
    }
}
