//! What sending one packet to many listeners costs beside the least it can cost: nanoseconds per packet, without a
//! socket and with one, and raw: the same number of keys and addresses, AES-128-GCM, `sendmmsg` in batches of the same size.
//!
//! `cargo bench -p palabre-net --bench fanout -- [LISTENERS] [PAYLOAD_BYTES]`. The datagrams go to a socket on loopback
//! that nobody reads: once its buffer is full the kernel drops them at its end, which is the same for both.

use std::error::Error;
use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use palabre_core::fanout::{Fanout, LINES, Listener, MIX, Shared};
use palabre_core::ice::Path;
use palabre_core::link::Transmit;
use palabre_core::room::ParticipantKey;
use palabre_core::rtp::Outgoing;
use palabre_core::shard::{RecordingId, RoomId, ShardEvent, ShardSink};
use palabre_core::srtp::{MasterKey, Profile, RtpSealer};
use palabre_net::udp::{self, SendBatch};

/// Each case is measured so often, in turn; the median counts.
const ROUNDS: usize = 7;
/// Packets of one measurement.
const PACKETS: usize = 200_000;
const BATCH: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<usize> = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .collect();
    let listeners = numbers.first().copied().unwrap_or(4_000);
    let payload = vec![0x55; numbers.get(1).copied().unwrap_or(100)];
    let receiver = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    let addresses = addresses(listeners, receiver.local_addr()?.port());
    let mut table = Table::new(&addresses)?;
    let mut raw = Raw::new(&addresses)?;
    let mut nowhere = Nowhere([0; 1_500]);
    let sockets = udp::bind((Ipv4Addr::LOCALHOST, 0).into(), 1)?;
    let bound = (Ipv4Addr::LOCALHOST, 0).into();
    let mut batch = Batch(SendBatch::new(&sockets[0], bound));
    let bursts = PACKETS.div_ceil(listeners);
    let mut costs = [(); 3].map(|()| Vec::new());
    for _ in 0..ROUNDS {
        let [without, with, least] = &mut costs;
        without.push(per_packet(bursts * listeners, || {
            (0..bursts).for_each(|_| table.send(&payload, &mut nowhere));
        }));
        with.push(per_packet(bursts * listeners, || {
            (0..bursts).for_each(|_| table.send(&payload, &mut batch));
            batch.0.flush();
        }));
        least.push(per_packet(bursts * listeners, || {
            (0..bursts).for_each(|_| raw.send(&payload, sockets[0].as_raw_fd()));
        }));
    }
    let [without, with, least] = costs.map(median);
    println!("{listeners} listeners, {} bytes of payload", payload.len());
    println!("table alone   {without:7.0} ns per packet");
    println!("with a socket {with:7.0} ns");
    println!("raw           {least:7.0} ns, ratio {:.3}", with / least);
    Ok(())
}

fn per_packet(packets: usize, work: impl FnOnce()) -> f64 {
    let before = thread_time();
    work();
    (thread_time() - before).as_nanos() as f64 / packets as f64
}

fn thread_time() -> Duration {
    let mut spent = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `spent` is a valid timespec to write to.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut spent) };
    Duration::new(spent.tv_sec as u64, spent.tv_nsec as u32)
}

fn median(mut costs: Vec<f64>) -> f64 {
    costs.sort_by(f64::total_cmp);
    costs[costs.len() / 2]
}

/// Everything in 127.0.0.0/8 is this machine.
fn addresses(count: usize, port: u16) -> Vec<SocketAddrV4> {
    let first = u32::from(Ipv4Addr::new(127, 1, 0, 0));
    (0..count as u32)
        .map(|n| SocketAddrV4::new(Ipv4Addr::from(first + n), port))
        .collect()
}

/// The engine's way.
struct Table {
    fanout: Fanout,
    everybody: Vec<usize>,
    seq: u64,
    now: Instant,
}

impl Table {
    fn new(addresses: &[SocketAddrV4]) -> Result<Self, Box<dyn Error>> {
        let (mut fanout, now) = (Fanout::default(), Instant::now());
        for (key, address) in addresses.iter().enumerate() {
            let mut secret = [7; 16];
            secret[..8].copy_from_slice(&key.to_be_bytes());
            let master = MasterKey::new(Profile::AeadAes128Gcm, &secret, &[9; 12]);
            let sealer = master.and_then(|master| RtpSealer::new(&master));
            let listener = Listener {
                who: ParticipantKey(key as u32),
                payload_type: 111,
                open: 0..LINES,
                path: Path::to(SocketAddr::V4(*address)),
                consent_until: now + Duration::from_secs(3_600),
                sealer: sealer.ok_or("the key is refused")?,
            };
            fanout.enter(key, listener);
        }
        Ok(Self {
            fanout,
            everybody: (0..addresses.len()).collect(),
            seq: 0,
            now,
        })
    }

    fn send(&mut self, payload: &[u8], out: &mut impl ShardSink) {
        self.seq += 1;
        let mut header = [0; 16];
        let facts = Outgoing {
            marker: false,
            payload_type: 0,
            sequence: 0,
            timestamp: self.seq as u32 * 960,
            ssrc: 1,
            csrcs: &[2],
        };
        facts.write(&mut header);
        let mut packet = Shared {
            line: MIX,
            seq: self.seq,
            header: &mut header,
            payload,
        };
        self.fanout
            .send(self.now, &self.everybody, None, &mut packet, out);
    }
}

struct Nowhere([u8; 1_500]);

impl Transmit for Nowhere {
    fn transmit(&mut self, _path: Path, _datagram: &[u8]) {}
}

impl ShardSink for Nowhere {
    fn datagram(&mut self, path: Path, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        black_box((path, fill(&mut self.0)));
    }
    fn event(&mut self, _event: ShardEvent) {}
    fn recording_page(&mut self, _room: &RoomId, _recording: &RecordingId, _page: &[u8]) {}
}

struct Batch(SendBatch);

impl Transmit for Batch {
    fn transmit(&mut self, _path: Path, _datagram: &[u8]) {}
}

impl ShardSink for Batch {
    fn datagram(&mut self, path: Path, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        self.0.add(path, fill);
    }
    fn event(&mut self, _event: ShardEvent) {}
    fn recording_page(&mut self, _room: &RoomId, _recording: &RecordingId, _page: &[u8]) {}
}

/// The least there is to do.
struct Raw {
    listeners: Vec<(libc::sockaddr_in, LessSafeKey)>,
    packets: Vec<[u8; 1_500]>,
    slices: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
    count: u32,
}

impl Raw {
    fn new(addresses: &[SocketAddrV4]) -> Result<Self, Box<dyn Error>> {
        let mut listeners = Vec::new();
        for (number, address) in addresses.iter().enumerate() {
            let mut secret = [7; 16];
            secret[..8].copy_from_slice(&number.to_be_bytes());
            let key = UnboundKey::new(&AES_128_GCM, &secret).map_err(|_| "the key is refused")?;
            listeners.push((to_c(*address), LessSafeKey::new(key)));
        }
        // SAFETY: zeros are valid for both: no buffer, an empty header.
        let (slice, header) = unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        Ok(Self {
            listeners,
            packets: vec![[0x80; 1_500]; BATCH],
            slices: vec![slice; BATCH],
            headers: vec![header; BATCH],
            count: 0,
        })
    }

    fn send(&mut self, payload: &[u8], socket: libc::c_int) {
        self.count += 1;
        for chunk in self.listeners.chunks_mut(BATCH) {
            let raw = self.slices.iter_mut().zip(&mut self.headers);
            for ((listener, packet), (slice, header)) in
                chunk.iter_mut().zip(&mut self.packets).zip(raw)
            {
                let len = seal(&listener.1, self.count, payload, packet);
                slice.iov_base = packet.as_mut_ptr().cast();
                slice.iov_len = len;
                header.msg_hdr.msg_name = std::ptr::from_mut(&mut listener.0).cast();
                header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
                header.msg_hdr.msg_iov = slice;
                header.msg_hdr.msg_iovlen = 1;
            }
            // SAFETY: the headers of this chunk point into buffers of this value.
            unsafe {
                let flags = libc::MSG_DONTWAIT;
                libc::sendmmsg(socket, self.headers.as_mut_ptr(), chunk.len() as u32, flags);
            }
        }
    }
}

fn seal(key: &LessSafeKey, count: u32, payload: &[u8], packet: &mut [u8]) -> usize {
    const HEADER: usize = 16;
    let (header, rest) = packet.split_at_mut(HEADER);
    let (body, rest) = rest.split_at_mut(payload.len());
    body.copy_from_slice(payload);
    let mut nonce = [0; 12];
    nonce[8..].copy_from_slice(&count.to_be_bytes());
    let nonce = Nonce::assume_unique_for_key(nonce);
    if let Ok(tag) = key.seal_in_place_separate_tag(nonce, Aad::from(&*header), body) {
        rest[..16].copy_from_slice(tag.as_ref());
    }
    HEADER + payload.len() + 16
}

fn to_c(address: SocketAddrV4) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from(*address.ip()).to_be(),
        },
        sin_zero: [0; 8],
    }
}
