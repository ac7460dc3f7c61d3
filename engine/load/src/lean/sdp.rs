//! The least SDP a WHEP server takes, and the few lines of its answer that a listener needs.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};

use super::handshake::own_fingerprint;
use crate::LoadError;

/// What a server that checks the listener signs with (RFC 8839 §5.4); nothing forbids sharing it.
pub const OWN_PASSWORD: &str = "allleanlistenersknowthis";
/// Opus, as browsers number it.
const PAYLOAD_TYPE: u8 = 111;

/// What the server said of its transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    pub ufrag: Box<str>,
    pub password: Box<str>,
    /// SHA-256 of its certificate.
    pub fingerprint: [u8; 32],
    pub address: SocketAddrV4,
}

/// The ICE name of the listener with this number.
pub fn ufrag(number: usize) -> String {
    format!("lean{number:x}")
}

/// An offer with `lines` audio sections that receive; the listener opens the DTLS handshake.
pub fn offer(number: usize, lines: usize) -> Result<String, LoadError> {
    let mut sdp = format!(
        "v=0\r\no=- {} 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE",
        number + 1
    );
    (0..lines).for_each(|mid| write_to(&mut sdp, format_args!(" {mid}")));
    sdp.push_str("\r\n");
    for mid in 0..lines {
        section(&mut sdp, mid, &ufrag(number))?;
    }
    Ok(sdp)
}

/// An answer to an offer with one audio section, in the words of [`offer`]; `own` is where the listener is, for servers
/// that want to be told.
pub fn answer(number: usize, offered: &str, own: SocketAddrV4) -> Result<String, LoadError> {
    let mut sdp = format!(
        "v=0\r\no=- {} 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n",
        number + 1
    );
    let mid = value(offered, "a=mid:").unwrap_or("0");
    write_to(&mut sdp, format_args!("a=group:BUNDLE {mid}\r\n"));
    let mut media = String::new();
    section(&mut media, 0, &ufrag(number))?;
    let payload_type = payload_type(offered).unwrap_or(PAYLOAD_TYPE);
    let media = media.replace("a=mid:0\r\n", &format!("a=mid:{mid}\r\n"));
    sdp.push_str(&media.replace(&PAYLOAD_TYPE.to_string(), &payload_type.to_string()));
    let (ip, port) = (own.ip(), own.port());
    write_to(
        &mut sdp,
        format_args!(
            "a=candidate:1 1 udp 2130706431 {ip} {port} typ host\r\na=end-of-candidates\r\n"
        ),
    );
    Ok(sdp)
}

fn section(sdp: &mut String, mid: usize, ufrag: &str) -> Result<(), LoadError> {
    let fingerprint = own_fingerprint()?;
    write_to(
        sdp,
        format_args!(
            "m=audio 9 UDP/TLS/RTP/SAVPF {PAYLOAD_TYPE}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\n\
             a=ice-ufrag:{ufrag}\r\na=ice-pwd:{OWN_PASSWORD}\r\na=fingerprint:{fingerprint}\r\na=setup:active\r\n\
             a=rtcp-mux\r\na=recvonly\r\na=rtpmap:{PAYLOAD_TYPE} opus/48000/2\r\n\
             a=fmtp:{PAYLOAD_TYPE} minptime=10;useinbandfec=1\r\n"
        ),
    );
    Ok(())
}

fn write_to(sdp: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = sdp.write_fmt(text);
}

/// Reads the server's half. `on` is where the server is known to be: of its candidates the one there is preferred.
pub fn remote(sdp: &str, on: IpAddr) -> Result<Remote, LoadError> {
    let need = |name: &str| {
        let missing = || LoadError::Sdp(format!("no {name} in it"));
        value(sdp, name).map(Box::from).ok_or_else(missing)
    };
    if value(sdp, "a=setup:") == Some("active") {
        return Err(LoadError::Sdp(
            "the server wants to open the handshake".into(),
        ));
    }
    let candidates: Vec<_> = sdp.lines().filter_map(candidate).collect();
    let there = candidates.iter().find(|a| IpAddr::V4(*a.ip()) == on);
    let address = there.or(candidates.first());
    Ok(Remote {
        ufrag: need("a=ice-ufrag:")?,
        password: need("a=ice-pwd:")?,
        fingerprint: sha_256(&need("a=fingerprint:")?)
            .ok_or_else(|| LoadError::Sdp("no SHA-256 fingerprint in it".into()))?,
        address: *address.ok_or_else(|| LoadError::Sdp("no IPv4 candidate in it".into()))?,
    })
}

fn value<'a>(sdp: &'a str, name: &str) -> Option<&'a str> {
    sdp.lines()
        .find_map(|line| line.strip_prefix(name))
        .map(str::trim)
}

/// `sha-256 AB:CD…` (RFC 8122 §5).
fn sha_256(fingerprint: &str) -> Option<[u8; 32]> {
    let (kind, bytes) = fingerprint.split_once(' ')?;
    let byte = |text| u8::from_str_radix(text, 16);
    let bytes: Result<Vec<u8>, _> = bytes.trim().split(':').map(byte).collect();
    let bytes = bytes
        .ok()
        .filter(|_| kind.eq_ignore_ascii_case("sha-256"))?;
    bytes.try_into().ok()
}

/// The number an offer gives to Opus.
fn payload_type(sdp: &str) -> Option<u8> {
    let lines = sdp
        .lines()
        .filter_map(|line| line.strip_prefix("a=rtpmap:"));
    let mut opus = lines.filter_map(|line| {
        line.split_once(' ')
            .filter(|(_, codec)| codec.starts_with("opus/"))
    });
    opus.next()?.0.parse().ok()
}

/// `a=candidate:foundation component transport priority address port …` (RFC 8839 §5.1).
fn candidate(line: &str) -> Option<SocketAddrV4> {
    let mut words = line.strip_prefix("a=candidate:")?.split_ascii_whitespace();
    let udp = words.nth(2)?.eq_ignore_ascii_case("udp");
    let ip: Ipv4Addr = words.nth(1)?.parse().ok()?;
    let port = words.next()?.parse().ok()?;
    udp.then(|| SocketAddrV4::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_candidate_where_the_server_is_known_to_be_is_taken() {
        let sdp = format!(
            "a=setup:passive\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\na=fingerprint:SHA-256 {}ef\r\n\
             a=candidate:1 1 udp 9 192.0.2.7 8082 typ host\r\na=candidate:2 1 udp 8 10.0.0.1 8082 typ host\r\n",
            "AB:".repeat(31)
        );
        let near = remote(&sdp, Ipv4Addr::new(10, 0, 0, 1).into()).unwrap();
        assert_eq!(near.address, "10.0.0.1:8082".parse().unwrap());
        assert_eq!(near.fingerprint[30..], [0xAB, 0xEF]);
        let elsewhere = remote(&sdp, Ipv4Addr::LOCALHOST.into()).unwrap();
        assert_eq!(elsewhere.address, "192.0.2.7:8082".parse().unwrap());
        assert!(remote("a=setup:active\r\n", Ipv4Addr::LOCALHOST.into()).is_err());
        assert!(remote(&sdp.replace("ef\r", "\r"), Ipv4Addr::LOCALHOST.into()).is_err());
        assert!(remote(&sdp.replace("SHA-256", "sha-1"), Ipv4Addr::LOCALHOST.into()).is_err());
    }
}
