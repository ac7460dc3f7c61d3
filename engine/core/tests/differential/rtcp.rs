//! Reports and NACKs: the engine and str0m read the same values out of the same bytes.

use palabre_core::rtcp::{
    NtpTime, Packet, Packets, ReportBlock, SenderInfo, write_nack, write_receiver_report,
    write_sender_report, write_source_description,
};
use proptest::collection::vec;
use proptest::prelude::*;
use str0m::rtp::rtcp::{ReceptionReport, Rtcp, SdesType};

use crate::damage::damage;

/// What both have to agree on; None for a packet the engine has no use for, or that is malformed.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Sender {
        ssrc: u32,
        rtp_time: u32,
        packets: u32,
        octets: u32,
        blocks: Vec<ReportBlock>,
    },
    Receiver {
        ssrc: u32,
        blocks: Vec<ReportBlock>,
    },
    Lost {
        ssrc: u32,
        pairs: Vec<u8>,
    },
    Name {
        ssrc: u32,
        cname: Vec<u8>,
    },
}

fn said_by_engine(packet: &Packet<'_>) -> Option<Said> {
    let blocks = packet.report_blocks().collect();
    Some(match *packet {
        Packet::SenderReport { ssrc, info, .. } => Said::Sender {
            ssrc,
            rtp_time: info.rtp_timestamp,
            packets: info.packet_count,
            octets: info.octet_count,
            blocks,
        },
        Packet::ReceiverReport { ssrc, .. } => Said::Receiver { ssrc, blocks },
        Packet::Nack { media_ssrc, fci } => Said::Lost {
            ssrc: media_ssrc,
            pairs: fci.to_vec(),
        },
        Packet::SourceDescription { ssrc, cname } => Said::Name {
            ssrc,
            cname: cname?.to_vec(),
        },
        _ => return None,
    })
}

fn said_by_str0m(packet: &Rtcp) -> Option<Said> {
    Some(match packet {
        Rtcp::SenderReport(report) => Said::Sender {
            ssrc: *report.sender_info.ssrc,
            rtp_time: report.sender_info.rtp_time.numer() as u32,
            packets: report.sender_info.sender_packet_count,
            octets: report.sender_info.sender_octet_count,
            blocks: report.reports.iter().map(block).collect(),
        },
        Rtcp::ReceiverReport(report) => Said::Receiver {
            ssrc: *report.sender_ssrc,
            blocks: report.reports.iter().map(block).collect(),
        },
        Rtcp::Nack(nack) => {
            let pair = |entry: &str0m::rtp::rtcp::NackEntry| {
                [entry.pid.to_be_bytes(), entry.blp.to_be_bytes()].concat()
            };
            Said::Lost {
                ssrc: *nack.ssrc,
                pairs: nack.reports.iter().flat_map(pair).collect(),
            }
        }
        Rtcp::SourceDescription(all) => {
            let first = all.reports.get(0)?;
            let name = |(kind, text): &(SdesType, String)| {
                (*kind == SdesType::CNAME).then(|| text.clone())
            };
            Said::Name {
                ssrc: *first.ssrc,
                cname: first.values.iter().find_map(name)?.into_bytes(),
            }
        }
        _ => return None,
    })
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

fn a_block() -> impl Strategy<Value = ReportBlock> {
    let lost = -(1 << 23)..(1 << 23);
    (any::<[u32; 5]>(), any::<u8>(), lost).prop_map(|(words, fraction_lost, cumulative_lost)| {
        let [ssrc, highest_sequence, jitter, last_sender_report, delay] = words;
        ReportBlock {
            ssrc,
            fraction_lost,
            cumulative_lost,
            highest_sequence,
            jitter,
            last_sender_report,
            delay_since_last_sender_report: delay,
        }
    })
}

/// A packet as the engine writes it.
fn a_packet() -> impl Strategy<Value = Vec<u8>> {
    let sender = (
        any::<u32>(),
        any::<u64>(),
        any::<[u32; 3]>(),
        vec(a_block(), 0..=31),
    )
        .prop_map(
            |(ssrc, ntp, [rtp_timestamp, packet_count, octet_count], blocks)| {
                let ntp = NtpTime(ntp);
                let info = SenderInfo {
                    ntp,
                    rtp_timestamp,
                    packet_count,
                    octet_count,
                };
                written(|out| write_sender_report(ssrc, &info, &blocks, out))
            },
        );
    let receiver = (any::<u32>(), vec(a_block(), 0..=31))
        .prop_map(|(ssrc, blocks)| written(|out| write_receiver_report(ssrc, &blocks, out)));
    // str0m keeps at most 31 pairs.
    let nack =
        (any::<[u32; 2]>(), vec(any::<(u16, u16)>(), 1..=31)).prop_map(|([from, of], pairs)| {
            written(|out| write_nack(from, of, pairs.iter().copied(), out))
        });
    let name = (any::<u32>(), "[ -~]{1,255}").prop_map(|(ssrc, name)| {
        written(|out| write_source_description(ssrc, name.as_bytes(), out))
    });
    prop_oneof![sender, receiver, nack, name]
}

fn written(write: impl FnOnce(&mut [u8]) -> Option<usize>) -> Vec<u8> {
    let mut buffer = [0; 1500];
    let len = write(&mut buffer).unwrap();
    buffer[..len].to_vec()
}

impl Said {
    /// Without what follows the counted blocks: str0m reads more blocks there, but it is an extension (RFC 3550 §6.4.3).
    fn counted(mut self, count: usize) -> Self {
        if let Self::Sender { blocks, .. } | Self::Receiver { blocks, .. } = &mut self {
            blocks.truncate(count);
        }
        self
    }
}

proptest! {
    #[test]
    fn what_the_engine_writes_both_read_alike(bytes in a_packet()) {
        let mut packets = Packets::new(&bytes);
        let ours = said_by_engine(&packets.next().unwrap());
        prop_assert!(ours.is_some());
        prop_assert_eq!(packets.next(), None);
        let theirs = Rtcp::try_from(bytes.as_slice()).unwrap();
        prop_assert_eq!(ours, said_by_str0m(&theirs));
    }

    #[test]
    fn of_a_damaged_packet_neither_reads_what_the_other_does_not(bytes in a_packet(), damage in damage()) {
        let bytes = damage.apply(&bytes);
        // str0m wants padding taken away and the length checked before; the engine does both itself.
        let padded = bytes.first().is_some_and(|first| first & 0x20 != 0);
        let Some(packet) = Packets::new(&bytes).next().filter(|_| !padded) else {
            return Ok(());
        };
        let words = u16::from_be_bytes([bytes[2], bytes[3]]);
        let Ok(theirs) = Rtcp::try_from(&bytes[..4 * (usize::from(words) + 1)]) else {
            return Ok(());
        };
        let count = usize::from(bytes[0] & 0x1F);
        if let (Some(ours), Some(theirs)) = (said_by_engine(&packet), said_by_str0m(&theirs)) {
            prop_assert_eq!(ours, theirs.counted(count));
        }
    }
}
