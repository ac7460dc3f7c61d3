//! What RTCP packets say, as the engine and as str0m read them.

use std::time::{Duration, SystemTime};

use palabre_core::rtcp::{NtpTime, Packet, Packets, ReportBlock, lost_sequences};
use str0m::rtp::rtcp::{NackEntry, ReceptionReport, Rtcp, SdesType};

/// What both have to agree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Sender {
        ssrc: u32,
        time: Time,
        rtp_time: u32,
        packets: u32,
        octets: u32,
        blocks: Vec<ReportBlock>,
    },
    Receiver {
        ssrc: u32,
        blocks: Vec<ReportBlock>,
    },
    /// For each pair the numbers it names.
    Lost {
        ssrc: u32,
        pairs: Vec<Vec<u16>>,
    },
    /// Of the first chunk; None when str0m found none.
    Name(Option<(u32, Option<Vec<u8>>)>),
    Bye(Vec<u32>),
    /// A packet type the engine has no use for.
    Other(u8),
}

/// Since 1970. str0m counts in f64, whose steps are half a microsecond by now, and has no time before.
#[derive(Debug, Clone, Copy, Eq)]
pub struct Time(Duration);

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        self.0.abs_diff(other.0) < Duration::from_micros(1)
    }
}

impl From<NtpTime> for Time {
    fn from(time: NtpTime) -> Self {
        const UNIX_EPOCH_S: u64 = 2_208_988_800;
        let nanos = ((time.0 & 0xFFFF_FFFF) * 1_000_000_000) >> 32;
        let seconds = (time.0 >> 32).checked_sub(UNIX_EPOCH_S);
        Self(seconds.map_or(Duration::ZERO, |s| Duration::new(s, nanos as u32)))
    }
}

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(SystemTime::UNIX_EPOCH).unwrap())
    }
}

/// All that the engine reads in a compound.
pub fn read_by_engine(compound: &[u8]) -> Vec<Said> {
    Packets::new(compound)
        .map(|packet| said_by_engine(&packet))
        .collect()
}

fn said_by_engine(packet: &Packet<'_>) -> Said {
    let blocks = packet.report_blocks().collect();
    match *packet {
        Packet::SenderReport { ssrc, info, .. } => Said::Sender {
            ssrc,
            time: info.ntp.into(),
            rtp_time: info.rtp_timestamp,
            packets: info.packet_count,
            octets: info.octet_count,
            blocks,
        },
        Packet::ReceiverReport { ssrc, .. } => Said::Receiver { ssrc, blocks },
        Packet::Nack { media_ssrc, fci } => Said::Lost {
            ssrc: media_ssrc,
            pairs: fci
                .as_chunks::<4>()
                .0
                .iter()
                .map(|pair| lost_sequences(pair).collect())
                .collect(),
        },
        Packet::SourceDescription { ssrc, cname } => {
            Said::Name(Some((ssrc, cname.map(<[u8]>::to_vec))))
        }
        Packet::Goodbye { ssrcs } => Said::Bye(
            ssrcs
                .as_chunks()
                .0
                .iter()
                .map(|ssrc| u32::from_be_bytes(*ssrc))
                .collect(),
        ),
        Packet::Other { packet_type } => Said::Other(packet_type),
        _ => panic!("a packet the test does not know: {packet:?}"),
    }
}

pub fn said_by_str0m(packet: &Rtcp) -> Said {
    match packet {
        Rtcp::SenderReport(report) => Said::Sender {
            ssrc: *report.sender_info.ssrc,
            time: report.sender_info.ntp_time.into(),
            rtp_time: report.sender_info.rtp_time.numer() as u32,
            packets: report.sender_info.sender_packet_count,
            octets: report.sender_info.sender_octet_count,
            blocks: report.reports.iter().map(block).collect(),
        },
        Rtcp::ReceiverReport(report) => Said::Receiver {
            ssrc: *report.sender_ssrc,
            blocks: report.reports.iter().map(block).collect(),
        },
        Rtcp::Nack(nack) => Said::Lost {
            ssrc: *nack.ssrc,
            pairs: nack.reports.iter().map(numbers).collect(),
        },
        Rtcp::SourceDescription(all) => Said::Name(all.reports.get(0).map(|first| {
            let is_cname = |(kind, _): &&(SdesType, String)| *kind == SdesType::CNAME;
            let cname = first.values.iter().find(is_cname);
            (
                *first.ssrc,
                cname.map(|(_, text)| text.clone().into_bytes()),
            )
        })),
        Rtcp::Goodbye(bye) => Said::Bye(bye.reports.iter().map(|ssrc| **ssrc).collect()),
        Rtcp::ExtendedReport(_) => Said::Other(207),
        Rtcp::Twcc(_) => Said::Other(205),
        Rtcp::Pli(_) | Rtcp::Fir(_) | Rtcp::Remb(_) | Rtcp::AppSpecificFeedback(_) => {
            Said::Other(206)
        }
    }
}

fn numbers(pair: &NackEntry) -> Vec<u16> {
    // Any place in the stream, far enough from its beginning.
    pair.into_iter(1_000_000.into())
        .map(|number| *number as u16)
        .collect()
}

/// str0m keeps the 24 bits of the cumulative loss as they are.
fn block(report: &ReceptionReport) -> ReportBlock {
    ReportBlock {
        ssrc: *report.ssrc,
        fraction_lost: report.fraction_lost,
        cumulative_lost: ((report.packets_lost << 8) as i32) >> 8,
        highest_sequence: report.max_seq,
        jitter: report.jitter,
        last_sender_report: report.last_sr_time,
        delay_since_last_sender_report: report.last_sr_delay,
    }
}
