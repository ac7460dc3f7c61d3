//! RTCP: reports, source descriptions, goodbyes (RFC 3550 §6) and generic NACKs (RFC 4585 §6.2.1).

mod nack;
mod parse;
mod report;
mod write;

pub use nack::{lost_sequences, nack_pairs};
pub use parse::{Packet, Packets};
pub use report::{NtpTime, ReportBlock, SenderInfo};
pub use write::{
    MAX_REPORT_BLOCKS, write_bye, write_nack, write_receiver_report, write_sender_report,
    write_source_description,
};

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
const TRANSPORT_FEEDBACK: u8 = 205;
/// Feedback message type of a generic NACK within transport feedback.
const GENERIC_NACK: u8 = 1;
/// SDES item type of the canonical name.
const CNAME: u8 = 1;

/// True when a datagram that RFC 7983 sorts as RTP or RTCP is RTCP: its packet type lies in 192..=223 (RFC 5761 §4).
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram
        .get(1)
        .is_some_and(|second| (192..=223).contains(second))
}

/// True when the first packet of a datagram of RTCP is a receiver report. What it is stays in clear (RFC 3711 §3.4); a
/// NACK may still follow in a compound.
pub fn is_report(datagram: &[u8]) -> bool {
    datagram.get(1) == Some(&RECEIVER_REPORT)
}
