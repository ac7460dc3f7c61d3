//! One WebRTC peer on str0m, sans-I/O: datagrams and time in, datagrams out.

mod plan;
mod talk;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive, Transmit};
use str0m::rtp::RtpPacket;
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc};

pub use plan::{Dtls, Plan};
pub use talk::Talk;

use crate::LoadError;
use crate::inbox::{Heard, Inbox};
use crate::rtp_header::{self, Csrcs, RtpHeader};

/// When the steps of a join were reached.
#[derive(Debug, Clone, Copy)]
pub struct Milestones {
    pub offered_at: Instant,
    /// The HTTP answer was there.
    pub answered_at: Option<Instant>,
    /// ICE and DTLS were done.
    pub connected_at: Option<Instant>,
    pub first_packet_at: Option<Instant>,
}

impl Milestones {
    /// From the offer to the first packet heard.
    pub fn join_time(&self) -> Option<Duration> {
        self.first_packet_at.map(|at| at - self.offered_at)
    }
}

/// A peer that offered, and talks or listens once its offer was answered.
pub struct Client {
    rtc: Rtc,
    pending: Option<SdpPendingOffer>,
    mids: Vec<Mid>,
    plan: Plan,
    talk: Option<Talk>,
    inbox: Inbox,
    milestones: Milestones,
    closed: bool,
    /// What was to be sent when a datagram came, until [`Client::poll`] hands it out.
    outbox: Vec<Transmit>,
}

impl Client {
    /// A peer at `local` and its SDP offer.
    pub fn offer(plan: Plan, local: SocketAddr, now: Instant) -> Result<(Self, String), LoadError> {
        let mut rtc = plan.rtc_config().build(now);
        let candidate = Candidate::host(local, "udp").map_err(|e| LoadError::Sdp(e.to_string()))?;
        rtc.add_local_candidate(candidate);
        let mut changes = rtc.sdp_api();
        let direction = if plan.speech.is_some() {
            Direction::SendOnly
        } else {
            Direction::RecvOnly
        };
        let mids = (0..plan.lines)
            .map(|_| changes.add_media(MediaKind::Audio, direction, None, None, None))
            .collect();
        let (offer, pending) = changes
            .apply()
            .ok_or_else(|| LoadError::Sdp("an offer without media".into()))?;
        let sdp = plan.dtls.into_offer(offer.to_sdp_string());
        let milestones = Milestones {
            offered_at: now,
            answered_at: None,
            connected_at: None,
            first_packet_at: None,
        };
        let talk = plan
            .speech
            .clone()
            .map(|speech| Talk::new(speech, plan.repeat));
        let client = Self {
            rtc,
            pending: Some(pending),
            mids,
            plan,
            talk,
            inbox: Inbox::default(),
            milestones,
            closed: false,
            outbox: Vec::new(),
        };
        Ok((client, sdp))
    }

    /// Takes the server's answer; connecting begins with the next [`poll`](Self::poll).
    pub fn accept(&mut self, answer_sdp: &str, now: Instant) -> Result<(), LoadError> {
        let answer =
            SdpAnswer::from_sdp_string(answer_sdp).map_err(|e| LoadError::Sdp(e.to_string()))?;
        let pending = self
            .pending
            .take()
            .ok_or_else(|| LoadError::Sdp("a second answer".into()))?;
        self.rtc.sdp_api().accept_answer(pending, answer)?;
        self.milestones.answered_at = Some(now);
        self.handle_timeout(now)
    }

    /// A datagram came from `from` to this client's address `to`.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        from: SocketAddr,
        to: SocketAddr,
        datagram: &[u8],
    ) -> Result<(), LoadError> {
        if let Some(header) = rtp_header::read(datagram) {
            self.inbox.arrived += 1;
            if self.only_counts() {
                self.note_packet(&header, now);
                return Ok(());
            }
        }
        let Ok(contents) = datagram.try_into() else {
            // Neither STUN, DTLS, RTP nor RTCP: a real peer ignores it too.
            return Ok(());
        };
        let receive = Receive {
            proto: Protocol::Udp,
            source: from,
            destination: to,
            contents,
        };
        self.rtc.handle_input(Input::Receive(now, receive))?;
        self.drain(now).map(drop)
    }

    /// Time has come to what [`poll`](Self::poll) asked for.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), LoadError> {
        Ok(self.rtc.handle_input(Input::Timeout(now))?)
    }

    /// Hands everything due to `send` and says when to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll(&mut self, now: Instant, send: impl FnMut(Transmit)) -> Result<Instant, LoadError> {
        self.speak_what_is_due(now)?;
        let next = self.drain(now)?;
        self.outbox.drain(..).for_each(send);
        Ok(self.next_frame_at().map_or(next, |frame| frame.min(next)))
    }

    /// Takes all that str0m has to say: it keeps room for the packet of one input only.
    fn drain(&mut self, now: Instant) -> Result<Instant, LoadError> {
        loop {
            match self.rtc.poll_output()? {
                Output::Transmit(transmit) => self.outbox.push(transmit),
                Output::Event(event) => self.on_event(event, now),
                Output::Timeout(at) => return Ok(at),
            }
        }
    }

    /// Ends the peer: nothing is sent or heard any more.
    pub fn close(&mut self) {
        self.rtc.disconnect();
        self.closed = true;
    }

    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Hands out what was received so far and starts counting anew.
    pub fn take_inbox(&mut self) -> Inbox {
        std::mem::take(&mut self.inbox)
    }

    pub fn milestones(&self) -> Milestones {
        self.milestones
    }

    pub fn is_connected(&self) -> bool {
        self.milestones.connected_at.is_some() && !self.closed
    }

    /// Closed by either side, or failed.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// What it has said so far; `None` for a listener.
    pub fn talk(&self) -> Option<&Talk> {
        self.talk.as_ref()
    }

    fn only_counts(&self) -> bool {
        !self.plan.decrypt && self.is_connected()
    }

    fn next_frame_at(&self) -> Option<Instant> {
        self.talk
            .as_ref()
            .filter(|_| self.is_connected())
            .and_then(Talk::next_frame_at)
    }

    fn speak_what_is_due(&mut self, now: Instant) -> Result<(), LoadError> {
        let (Some(talk), Some(&mid), true) = (
            &mut self.talk,
            self.mids.first(),
            self.milestones.connected_at.is_some(),
        ) else {
            return Ok(());
        };
        let Some(pt) = self
            .rtc
            .media(mid)
            .and_then(|m| m.remote_pts().first().copied())
        else {
            return Ok(());
        };
        let mut direct = self.rtc.direct_api();
        let Some(stream) = direct.stream_tx_by_mid(mid, None) else {
            return Ok(());
        };
        while let Some(packet) = talk.next_due(pt, now) {
            stream.write_rtp(packet);
        }
        self.handle_timeout(now)
    }

    fn on_event(&mut self, event: Event, now: Instant) {
        // Everything else str0m tells is about media and channels this peer does not use.
        #[allow(clippy::wildcard_enum_match_arm)]
        match event {
            Event::Connected => self.on_connected(now),
            Event::RtpPacket(packet) => self.on_packet(&packet),
            Event::Closed | Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                self.closed = true
            }
            _ => {}
        }
    }

    fn on_connected(&mut self, now: Instant) {
        self.milestones.connected_at.get_or_insert(now);
        if let Some(talk) = &mut self.talk {
            talk.start(now);
        }
    }

    fn on_packet(&mut self, packet: &RtpPacket) {
        let csrcs = packet
            .header
            .csrc
            .get(..packet.header.csrc_count)
            .unwrap_or_default();
        let ssrc = *packet.header.ssrc;
        if self.plan.nack && !self.inbox.streams.contains_key(&ssrc) {
            self.ask_for_lost_packets(ssrc);
        }
        self.inbox.accepted += 1;
        let header = RtpHeader {
            ssrc,
            sequence: packet.header.sequence_number,
            rtp_ts: packet.header.timestamp,
            csrcs: Csrcs::new(csrcs),
        };
        self.note_packet(&header, packet.timestamp);
        if self.plan.keep_audio {
            self.inbox.heard.push(Heard {
                at: packet.timestamp,
                ssrc,
                sequence: *packet.seq_no,
                rtp_ts: packet.header.timestamp,
                csrcs: csrcs.to_vec(),
                opus: packet.payload.clone(),
            });
        }
    }

    fn note_packet(&mut self, header: &RtpHeader, at: Instant) {
        self.milestones.first_packet_at.get_or_insert(at);
        self.inbox.record(header, at);
    }

    /// str0m asks again for audio only when told to: it expects an RTX stream, and audio has none.
    fn ask_for_lost_packets(&mut self, ssrc: u32) {
        if let Some(stream) = self.rtc.direct_api().stream_rx(&ssrc.into()) {
            stream.suppress_nack(false);
        }
    }
}
