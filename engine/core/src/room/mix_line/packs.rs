//! What a group gets at its turn: the frames it has not had, in as few packets as hold them.

use super::{FRAME, MixLine};
use crate::opus::{Pack, SILENT_FRAME};
use crate::room::history::Frame;
use crate::room::{GroupIndex, MixPacket, PackSize, RoomSink};

impl MixLine {
    /// Sends each group what it has not had yet, so that packs of another size begin with the next frame.
    pub fn resize(&mut self, size: PackSize, out: &mut impl RoomSink) {
        // Whose last turn is longest ago comes first.
        for back in (0..self.size.frames() as u64).rev() {
            let last_turn = self.tick.saturating_sub(back);
            self.send_frames(self.group_at(last_turn), last_turn + 1, out);
        }
        (self.size, self.since) = (size, self.tick);
    }

    pub(super) fn serve(&mut self, group: GroupIndex, out: &mut impl RoomSink) {
        let last_turn = self.tick.saturating_sub(self.size.frames() as u64);
        self.send_frames(group, last_turn + 1, out);
    }

    /// One packet for each run of frames that follow one another and can share a packet, from tick `first` on.
    fn send_frames(&mut self, group: GroupIndex, first: u64, out: &mut impl RoomSink) {
        let mut tick = first.max(self.since + 1);
        while tick <= self.tick {
            let (run, after) = self.run(tick);
            if let Some((rtp_ts, marker)) = run {
                self.history.heard(tick, after - 1, &mut self.csrcs);
                self.emit(group, rtp_ts, marker, out);
            }
            tick = after;
        }
    }

    /// Packs the frames from tick `first` on that fit together. Time and marker of the first, None when that tick was
    /// silent; and the tick after them.
    fn run(&mut self, first: u64) -> (Option<(u32, bool)>, u64) {
        let Some(&Frame { rtp_ts, marker, .. }) = self.history.at(first) else {
            return (None, first + 1);
        };
        let mut pack = Pack::default();
        let mut expected = rtp_ts;
        let fits = |tick: &u64| {
            let next = self.history.at(*tick);
            let follows = next.filter(|frame| frame.rtp_ts == expected);
            expected = expected.wrapping_add(FRAME);
            follows.is_some_and(|frame| pack.push(&frame.payload))
        };
        let count = (first..=self.tick).take_while(fits).count();
        pack.write(&mut self.payload);
        (Some((rtp_ts, marker)), first + count.max(1) as u64)
    }

    pub(super) fn send_silence(&mut self, group: GroupIndex, rtp_ts: u32, out: &mut impl RoomSink) {
        self.payload.clear();
        self.payload.extend_from_slice(&SILENT_FRAME);
        self.csrcs.clear();
        self.emit(group, rtp_ts, false, out);
    }

    fn emit(&mut self, group: GroupIndex, rtp_ts: u32, marker: bool, out: &mut impl RoomSink) {
        let Some(number) = self.numbers.get_mut(usize::from(group.0)) else {
            return;
        };
        *number += 1;
        let packet = MixPacket {
            ssrc: self.ssrc,
            seq: *number,
            rtp_ts,
            marker,
            csrcs: &self.csrcs,
            payload: &self.payload,
        };
        out.mix_packet(group, &packet);
    }
}
