//! The raw limit: what it costs to encrypt a packet for each listener and give it to the kernel, and nothing else.
//!
//! One plaintext, a key and an address per listener, AES-128-GCM, `sendmmsg` in batches, a burst every packet time: the
//! work no server of WebRTC audio can leave out. What a server costs per packet is judged against this, measured in the
//! same run on the same cores over the same interface.

mod batch;
mod handshakes;
mod streams;

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::LoadError;
use crate::cpu::{pin_to_core, thread_time};
use crate::fleet::Ports;
use crate::lean::socket_option;
use batch::Batch;
pub(crate) use batch::to_c;
pub use handshakes::{Handshakes, measure_handshakes};
pub use streams::{StreamOptions, Streams};

/// What to measure.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub listeners: usize,
    pub time: Duration,
    /// Between two packets of one listener.
    pub packet_time: Duration,
    /// RTP header, payload and tag.
    pub packet_bytes: usize,
    /// Datagrams in one `sendmmsg`.
    pub batch: usize,
    pub sender_core: Option<usize>,
    pub receiver_core: Option<usize>,
}

/// What it took.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Report {
    pub sent: u64,
    pub received: u64,
    /// CPU time of the sending thread per packet sent.
    pub cpu_us_per_packet: f64,
    /// What the sender keeps of a listener: a key and an address.
    pub bytes_per_listener: f64,
}

/// What one sender did.
struct Sent {
    packets: u64,
    cpu: Duration,
    bytes_per_listener: f64,
}

impl Sent {
    fn report(&self, received: u64) -> Report {
        Report {
            sent: self.packets,
            received,
            cpu_us_per_packet: self.cpu.as_secs_f64() * 1e6 / self.packets.max(1) as f64,
            bytes_per_listener: self.bytes_per_listener,
        }
    }
}

/// Sends to that many listeners on loopback for that long.
pub fn measure(options: Options) -> Result<Report, LoadError> {
    let stop = Arc::new(AtomicBool::new(false));
    let (ready, port) = channel();
    let stopped = stop.clone();
    let receiver = thread::spawn(move || receive(options, &ready, &stopped));
    let sender = thread::spawn(move || match port.recv() {
        Ok(port) => send(options, SocketAddrV4::new(crate::fleet::loopback(0), port)),
        Err(_) => Err(io::Error::other("the receiver did not start")),
    });
    let sent = sender.join();
    stop.store(true, Ordering::Relaxed);
    let received = receiver.join();
    let sent = sent.map_err(|_| io::Error::other("the sender panicked"))??;
    let received = received.map_err(|_| io::Error::other("the receiver panicked"))??;
    Ok(sent.report(received))
}

/// Sends to listeners elsewhere (a [`crate::lean::Sink`]): the first one's address and the port of all.
pub fn measure_toward(options: Options, first: SocketAddrV4) -> Result<Report, LoadError> {
    let sender = thread::spawn(move || send(options, first));
    let sent = sender.join();
    let sent = sent.map_err(|_| io::Error::other("the sender panicked"))??;
    Ok(sent.report(0))
}

/// The listeners: one socket, as in a fleet, so that the kernel does the same for both.
fn receive(options: Options, ready: &Sender<u16>, stop: &AtomicBool) -> io::Result<u64> {
    options.receiver_core.map_or(Ok(()), pin_to_core)?;
    let mut ports = Ports::toward(Ipv4Addr::LOCALHOST.into())?;
    let mut port = 0;
    for index in 0..options.listeners {
        port = ports.open(index)?.address.port();
    }
    ready.send(port).map_err(io::Error::other)?;
    let mut received = 0;
    while !stop.load(Ordering::Relaxed) {
        ports.wait(Duration::from_millis(20));
        ports.receive(|_, _, _| received += 1);
    }
    Ok(received)
}

fn send(options: Options, first: SocketAddrV4) -> io::Result<Sent> {
    options.sender_core.map_or(Ok(()), pin_to_core)?;
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    // A packet that may be cut on its way costs the kernel a number more.
    let never = libc::IP_PMTUDISC_PROBE;
    socket_option::set(&socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, never)?;
    let empty = resident_bytes()?;
    let listeners = listeners(options.listeners, first)?;
    let kept = resident_bytes()?.saturating_sub(empty);
    let mut batch = Batch::new(options.batch, options.packet_bytes);
    let (start, cpu_before) = (Instant::now(), thread_time()?);
    let (mut packets, mut burst) = (0, 0);
    while start.elapsed() < options.time {
        packets += send_burst(&socket, &listeners, &mut batch, burst)?;
        burst += 1;
        thread::sleep(
            (start + options.packet_time * burst).saturating_duration_since(Instant::now()),
        );
    }
    Ok(Sent {
        packets,
        cpu: thread_time()? - cpu_before,
        bytes_per_listener: kept as f64 / options.listeners.max(1) as f64,
    })
}

/// The process's memory in use (proc(5), statm).
fn resident_bytes() -> io::Result<usize> {
    let told = std::fs::read_to_string("/proc/self/statm")?;
    let pages = told.split_whitespace().nth(1).and_then(|n| n.parse().ok());
    let pages: usize = pages.ok_or_else(|| io::Error::other("statm names no resident pages"))?;
    // SAFETY: sysconf takes a number and gives one.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Ok(pages * usize::try_from(page).unwrap_or(4096))
}

struct Listener {
    address: SocketAddrV4,
    key: LessSafeKey,
}

fn listeners(count: usize, first: SocketAddrV4) -> io::Result<Vec<Listener>> {
    let mut random = fastrand::Rng::with_seed(1);
    let listener = |index: usize| {
        let mut key = [0; 16];
        random.fill(&mut key);
        let key = UnboundKey::new(&AES_128_GCM, &key)
            .map_err(|_| io::Error::other("16 bytes are a key"))?;
        let ip = Ipv4Addr::from_bits(first.ip().to_bits() + index as u32);
        let address = SocketAddrV4::new(ip, first.port());
        Ok(Listener {
            address,
            key: LessSafeKey::new(key),
        })
    };
    (0..count).map(listener).collect()
}

fn send_burst(
    socket: &UdpSocket,
    listeners: &[Listener],
    batch: &mut Batch,
    burst: u32,
) -> io::Result<u64> {
    let mut sent = 0;
    for chunk in listeners.chunks(batch.capacity()) {
        for listener in chunk {
            batch.push(listener.address, |packet| {
                seal(&listener.key, burst, packet)
            })?;
        }
        sent += batch.send(socket)?;
    }
    Ok(sent)
}

/// An RTP packet of which only the sequence number changes, sealed as SRTP does (RFC 7714): header, payload, tag.
fn seal(key: &LessSafeKey, burst: u32, packet: &mut [u8]) -> io::Result<()> {
    const HEADER: usize = 12;
    let failed = |_| io::Error::other("AES-128-GCM seals any packet");
    let body = packet.len().saturating_sub(AES_128_GCM.tag_len());
    let (plain, tag_out) = packet.split_at_mut(body);
    let (header, payload) = plain.split_at_mut(HEADER.min(body));
    header.fill(0x80);
    if let Some(sequence) = header.get_mut(2..4) {
        sequence.copy_from_slice(&(burst as u16).to_be_bytes());
    }
    payload.fill(0x55);
    let mut nonce = [0; 12];
    nonce[8..].copy_from_slice(&burst.to_be_bytes());
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(&*header), payload)
        .map_err(failed)?;
    tag_out.copy_from_slice(tag.as_ref());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listener_gets_every_packet_on_loopback() {
        let options = Options {
            listeners: 20,
            time: Duration::from_millis(100),
            packet_time: Duration::from_millis(20),
            packet_bytes: 128,
            batch: 8,
            sender_core: None,
            receiver_core: None,
        };
        let report = measure(options).unwrap();
        assert!(
            report.sent >= 20 && report.sent.is_multiple_of(20),
            "{report:?}"
        );
        assert!(report.cpu_us_per_packet > 0.0);
    }
}
