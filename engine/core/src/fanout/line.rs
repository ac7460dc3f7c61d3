//! The numbers of one line as one listener sees them.

use crate::srtp::{Index, Indices};

/// RFC 3711 §3.3.1: a first number in the lower half leaves no doubt about the roll-over counter, even when the first
/// packets are lost.
const FIRST_MASK: u64 = 0x7fff;
/// Steps shorter than this are taken for what they are, longer ones for steps back, and this one for the one or the other
/// (RFC 3711 §3.3.1). From here on the line goes on as if there had been none.
const TOO_LONG: i64 = 1 << 15;

/// Maps the room's count to the listener's: without gaps for what it was not meant to hear.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Line {
    indices: Indices,
    /// The listener's index is the room's number plus this, modulo 2^64.
    offset: u64,
    /// What lies before was counted with another offset.
    floor: u64,
    packets: u32,
    octets: u32,
    /// Numbers, modulo 2^32, that nothing was sent under: the room never had those packets, or had no time to send them.
    never_sent: u32,
    /// The offset holds.
    following: bool,
    sent_since_report: bool,
}

impl Line {
    /// The index for the room's number `seq`; None for what comes too late to have one, or has it already.
    pub fn claim(&mut self, seq: u64) -> Option<Index> {
        if !self.following {
            self.begin(seq);
        }
        let mut own = seq.wrapping_add(self.offset);
        let next = self.indices.next().unwrap_or(self.floor);
        let mut ahead = own.wrapping_sub(next) as i64;
        // `next` is one step from the last number.
        if ahead >= TOO_LONG - 1 {
            self.begin(seq);
            (own, ahead) = (next, 0);
        } else if ahead < 0 && own.wrapping_sub(self.floor) as i64 <= -1 {
            return None;
        }
        let index = self.indices.claim(own)?;
        // A gap before it, or one that it fills.
        self.never_sent = self.never_sent.wrapping_add_signed(ahead.max(-1) as i32);
        Some(index)
    }

    /// The room's next number follows on the last packet, whatever it is: the listener was away from this line.
    pub fn leave(&mut self) {
        self.following = false;
    }

    /// The packet is the listener's own voice: it gets none, and sees no gap.
    pub fn leave_out(&mut self, seq: u64) {
        // Before the first packet there is nothing to keep in step with.
        let Some(next) = self.indices.next().filter(|_| self.following) else {
            return;
        };
        if seq.wrapping_add(self.offset).wrapping_sub(next) as i64 >= 0 {
            self.offset = next.wrapping_sub(seq + 1);
            self.floor = next;
        }
    }

    /// The index and the room's number of a packet that was sent under this sequence number and may be sent again.
    pub fn again(&self, sequence: u16) -> Option<(Index, u64)> {
        let index = self.indices.again(sequence)?;
        (self.following && index.get() >= self.floor)
            .then(|| (index, index.get().wrapping_sub(self.offset)))
    }

    /// The index of the packet that the room numbered `seq`, where it was sent and may be sent again.
    pub fn again_of(&self, seq: u64) -> Option<Index> {
        let own = seq.wrapping_add(self.offset);
        let (index, known) = self.again(own as u16)?;
        (known == seq).then_some(index)
    }

    pub fn count(&mut self, octets: usize) {
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(octets as u32);
        self.sent_since_report = true;
    }

    pub fn packets(&self) -> u32 {
        self.packets
    }

    /// Numbers, modulo 2^32, that the listener misses without having lost anything.
    pub fn never_sent(&self) -> u32 {
        self.never_sent
    }

    /// Packets and octets sent so far, when there are more than at the last report.
    pub fn news(&mut self) -> Option<(u32, u32)> {
        std::mem::take(&mut self.sent_since_report).then_some((self.packets, self.octets))
    }

    fn begin(&mut self, seq: u64) {
        let next = self.indices.next().unwrap_or(seq & FIRST_MASK);
        self.offset = next.wrapping_sub(seq);
        self.floor = next;
        self.following = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(line: &mut Line, seq: u64) -> Option<u64> {
        line.claim(seq).map(Index::get)
    }

    #[test]
    fn own_voice_leaves_no_gap_in_the_numbers() {
        let mut line = Line::default();
        assert_eq!(claim(&mut line, 100), Some(100));
        // 101 was lost on its way to us, within the own voice: nobody is to ask for it.
        line.leave_out(102);
        assert_eq!(claim(&mut line, 103), Some(101));
        line.leave_out(104);
        assert_eq!(claim(&mut line, 105), Some(102));
    }

    #[test]
    fn a_packet_the_room_lost_leaves_a_gap_that_it_fills_when_it_comes_late() {
        let mut line = Line::default();
        assert_eq!(claim(&mut line, 100), Some(100));
        assert_eq!(claim(&mut line, 103), Some(103));
        assert_eq!(line.never_sent(), 2);
        assert_eq!(claim(&mut line, 101), Some(101));
        assert_eq!(claim(&mut line, 101), None);
        assert_eq!(line.never_sent(), 1);
    }

    #[test]
    fn what_a_listener_is_not_meant_to_hear_is_no_gap_of_the_rooms() {
        let mut line = Line::default();
        claim(&mut line, 100);
        line.leave_out(104);
        claim(&mut line, 105);
        line.leave();
        claim(&mut line, 900);
        claim(&mut line, 900 + 40_000);
        assert_eq!(line.never_sent(), 0);
    }

    #[test]
    fn a_late_packet_from_before_the_own_voice_or_the_beginning_has_no_number() {
        let mut line = Line::default();
        line.claim(100);
        assert_eq!(claim(&mut line, 99), None);
        line.leave_out(102);
        line.claim(103);
        assert_eq!(claim(&mut line, 101), None);
        assert_eq!(line.again(100), None, "its number means another packet now");
    }

    #[test]
    fn a_first_number_lies_in_the_lower_half_and_numbers_count_their_wraps() {
        let mut line = Line::default();
        assert_eq!(claim(&mut line, 5 * 65_536 + 65_535), Some(32_767));
        for seq in 0..40_000 {
            assert_eq!(claim(&mut line, 6 * 65_536 + seq), Some(32_768 + seq));
        }
    }

    #[test]
    fn after_a_time_away_the_numbers_go_on_without_a_gap() {
        let mut line = Line::default();
        line.claim(100);
        line.leave();
        assert_eq!(line.again(100), None, "who knows what the ring holds");
        line.leave_out(150);
        assert_eq!(claim(&mut line, 7), Some(101), "the line of another group");
        assert_eq!(line.again(100), None);
        assert_eq!(line.again(101).map(|(_, seq)| seq), Some(7));
        line.leave();
        assert_eq!(claim(&mut line, 900_000), Some(102));
    }

    #[test]
    fn a_leap_that_could_look_like_a_step_back_is_none() {
        for (step, own) in [
            (32_767, 32_867),
            (32_768, 101),
            (32_769, 101),
            (40_000, 101),
        ] {
            let mut line = Line::default();
            line.claim(100);
            assert_eq!(claim(&mut line, 100 + step), Some(own));
        }
    }
}
