//! What arrives on links: packets of speakers, reports of everybody; and the reports that are sent.

use std::time::Instant;

use super::outbound::MAX_REPEATS;
use super::peer::Side;
use super::{LinkKey, Shard, ShardSink, outbound};
use crate::link::{RetransmitRing, RtpPacket};
use crate::rtcp::{self, NtpTime, Packet, Packets};

impl Shard {
    /// A packet of a speaker goes to its room, which says who gets it.
    pub(super) fn on_rtp(
        &mut self,
        now: Instant,
        key: LinkKey,
        packet: &RtpPacket<'_>,
        out: &mut impl ShardSink,
    ) {
        let Some(peer) = self.links.get_mut(key) else {
            return;
        };
        let Side::Speaker(inbound) = &mut peer.side else {
            return;
        };
        let Some(arrived) = inbound.accept(now, packet, self.limits.ssrcs_per_link) else {
            return;
        };
        let (room_key, who) = (peer.room, peer.who);
        inbound.ask_again(now, &mut peer.link, out);
        self.with_room(now, room_key, out, |room, deliver| {
            for audio in arrived.packets() {
                room.on_audio(now, who, &audio, deliver);
            }
        });
        self.schedule_room(room_key);
    }

    /// Whether what a listener sends is worth opening: checks and handshakes always, RTCP within the budget, RTP never.
    pub(super) fn affords(&mut self, now: Instant, key: LinkKey, datagram: &[u8]) -> bool {
        let Some(peer) = self.links.get_mut(key) else {
            return false;
        };
        // RFC 7983: RTP and RTCP begin with these.
        let media = datagram.first().is_some_and(|first| first >> 6 == 2);
        match (&peer.side, self.rooms.get_mut(peer.room)) {
            (Side::Listener(_), Some(state)) if media => {
                rtcp::is_rtcp(datagram) && state.affords_report(now, &mut peer.budget, datagram)
            }
            (Side::Listener(_) | Side::Speaker(_), _) => true,
        }
    }

    pub(super) fn on_rtcp(
        &mut self,
        now: Instant,
        key: LinkKey,
        packets: Packets<'_>,
        out: &mut impl ShardSink,
    ) {
        let (mut lost, mut repeats_left) = (0u32, MAX_REPEATS);
        for packet in packets {
            let Some(peer) = self.links.get_mut(key) else {
                return;
            };
            match &mut peer.side {
                Side::Speaker(inbound) => inbound.on_report(now, &packet),
                Side::Listener(_) => {
                    let lost_now = self.on_feedback(now, key, &packet, &mut repeats_left, out);
                    lost = lost.saturating_add(lost_now);
                }
            }
        }
        if lost > 0 {
            self.on_lost(now, key, lost, out);
        }
    }

    /// What a listener reports, or asks for again; how many packets more it has lost by that. What it misses because the
    /// room never had it, or had it late, is none of them.
    fn on_feedback(
        &mut self,
        now: Instant,
        key: LinkKey,
        packet: &Packet<'_>,
        repeats_left: &mut usize,
        out: &mut impl ShardSink,
    ) -> u32 {
        let Some(peer) = self.links.get_mut(key) else {
            return 0;
        };
        let (Side::Listener(outbound), Some(state)) =
            (&mut peer.side, self.rooms.get_mut(peer.room))
        else {
            return 0;
        };
        let fanout = &self.fanout;
        let never_sent = |line| fanout.never_sent(key, line);
        let mut lost = outbound.losses_reported(packet, state, never_sent);
        if matches!(packet, Packet::Nack { .. }) {
            outbound.losses.asks();
        }
        let group = state.group_of(key);
        let (rings, mut affords) = state.repeats(now, &mut peer.budget);
        let mut repeat = |line: (usize, &RetransmitRing), sequence| {
            // What the room never had costs nobody's budget.
            let Some(again) = fanout.find(key, line, sequence) else {
                return;
            };
            if !affords() {
                self.counts.repeats_refused += 1;
            } else if fanout.repeat(now, key, &again, out) {
                self.counts.repeated += 1;
                if !again.was_late {
                    lost = lost.saturating_add(outbound.losses.asked(line.0, sequence));
                }
            }
        };
        outbound::answer_nack(packet, group, rings, repeats_left, &mut repeat);
        lost
    }

    /// Sender reports for the next few listeners.
    pub(super) fn on_reports_due(&mut self, now: Instant, out: &mut impl ShardSink) {
        self.reports_alarm.rang(now);
        let ntp = NtpTime::since_unix_epoch((self.ntp)(now));
        let sent = self.fanout.take_used();
        let (rows, more) = self.reports.step(self.fanout.rows(), sent);
        for key in rows {
            self.look_after(now, key, out);
            let Some(peer) = self.links.get_mut(key) else {
                continue;
            };
            let (Side::Listener(outbound), Some(state)) = (&peer.side, self.rooms.get(peer.room))
            else {
                continue;
            };
            for line in outbound.open() {
                if let Some(sent) = self.fanout.news(key, line) {
                    outbound::report(now, ntp, (line, sent), state, &mut peer.link, out);
                }
            }
        }
        if more {
            self.schedule_reports(now);
        }
    }
}
