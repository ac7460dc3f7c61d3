//! What sending costs on this machine: a packet encrypted for each listener and given to the kernel, and nothing else.
//!
//! Over loopback, which charges the receiver's part of the kernel's work too: what comes out is a little more than a
//! network card would take.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::cpu::thread_time;

/// Datagrams in one system call, as the shards send them.
const BATCH: usize = 64;
/// RTP header, Opus at 32 kbit/s and the tag.
const PACKET: usize = 128;
const HEADER: usize = 12;

/// CPU time of one packet, measured for about `time` with that many listeners, each with a key of its own.
///
/// # Errors
/// When a socket cannot be made, or the clock of the thread cannot be read.
pub fn send_cost(listeners: usize, time: Duration) -> io::Result<Duration> {
    let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let to = receiver.local_addr()?;
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let keys = keys(listeners.max(1))?;
    let mut packets = [[0; PACKET]; BATCH];
    let (start, before) = (Instant::now(), spent()?);
    let (mut sent, mut burst) = (0u32, 0u64);
    while start.elapsed() < time {
        for some in keys.chunks(BATCH) {
            for (packet, key) in packets.iter_mut().zip(some) {
                seal(key, burst, packet)?;
            }
            sent = sent.saturating_add(send(&sender, to, packets.get_mut(..some.len()))?);
        }
        burst += 1;
    }
    Ok((spent()? - before) / sent.max(1))
}

fn spent() -> io::Result<Duration> {
    thread_time().ok_or_else(|| io::Error::other("the kernel does not tell this thread's CPU time"))
}

fn keys(count: usize) -> io::Result<Vec<LessSafeKey>> {
    let key = |number: usize| {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        let key = UnboundKey::new(&AES_128_GCM, &bytes).map_err(io::Error::other)?;
        Ok(LessSafeKey::new(key))
    };
    (0..count).map(key).collect()
}

fn seal(key: &LessSafeKey, burst: u64, packet: &mut [u8; PACKET]) -> io::Result<()> {
    let (header, rest) = packet.split_at_mut(HEADER);
    let (payload, tag_out) = rest.split_at_mut(PACKET - HEADER - AES_128_GCM.tag_len());
    payload.fill(0x55);
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&burst.to_be_bytes());
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(&*header), payload)
        .map_err(io::Error::other)?;
    tag_out.copy_from_slice(tag.as_ref());
    Ok(())
}

/// One `sendmmsg`; says how many datagrams the kernel took.
fn send(
    socket: &UdpSocket,
    to: SocketAddr,
    packets: Option<&mut [[u8; PACKET]]>,
) -> io::Result<u32> {
    let address = socket2::SockAddr::from(to);
    // SAFETY: all zeroes is a valid iovec and a valid mmsghdr.
    let mut vectors: [libc::iovec; BATCH] = unsafe { std::mem::zeroed() };
    let mut headers: [libc::mmsghdr; BATCH] = unsafe { std::mem::zeroed() };
    let packets = packets.unwrap_or_default();
    let count = packets.len();
    for ((vector, header), packet) in vectors.iter_mut().zip(&mut headers).zip(packets) {
        vector.iov_base = packet.as_mut_ptr().cast();
        vector.iov_len = PACKET;
        header.msg_hdr.msg_name = address.as_ptr().cast_mut().cast();
        header.msg_hdr.msg_namelen = address.len();
        header.msg_hdr.msg_iov = vector;
        header.msg_hdr.msg_iovlen = 1;
    }
    // SAFETY: every header points to buffers of this frame or of the caller, which outlive the call; the kernel only
    // reads the address.
    let sent = unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            headers.as_mut_ptr(),
            count as libc::c_uint,
            0,
        )
    };
    u32::try_from(sent).map_err(|_| io::Error::last_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_costs_more_than_a_system_call_and_less_than_a_handshake() {
        let cost = send_cost(100, Duration::from_millis(50)).unwrap();
        assert!(
            (Duration::from_nanos(200)..Duration::from_millis(1)).contains(&cost),
            "{cost:?}"
        );
    }
}
