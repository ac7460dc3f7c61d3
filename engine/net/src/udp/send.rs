//! sendmmsg(2).

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use palabre_core::ice::Path;
use palabre_core::rtp::MAX_DATAGRAM_LEN;

use super::control::{Control, write_local_address};
use super::own::OwnAddresses;
use super::{BATCH, address};

/// How long one turn of the shard's loop may wait for the kernel's buffer: sound that comes later is worth nothing.
const PATIENCE: Duration = Duration::from_millis(2);

/// Datagrams on their way out; sent when the batch is full or flushed.
pub struct SendBatch {
    socket: RawFd,
    v6: bool,
    own: OwnAddresses,
    buffers: Box<[[u8; MAX_DATAGRAM_LEN]]>,
    slices: Box<[libc::iovec]>,
    names: Box<[libc::sockaddr_in6]>,
    controls: Box<[Control]>,
    headers: Box<[libc::mmsghdr]>,
    waiting: usize,
    patience: Duration,
    /// Datagrams the kernel took.
    pub sent: u64,
    /// Those it did not: its buffer stayed full.
    pub dropped_full: u64,
    /// Those it did not: there is no way to the peer.
    pub dropped_unreachable: u64,
}

// SAFETY: the raw pointers point into the boxes of the same value, which do not move and belong to it alone.
unsafe impl Send for SendBatch {}

impl SendBatch {
    /// For `socket`, which has to outlive the batch.
    #[must_use]
    pub fn new(socket: &impl AsRawFd, bound: std::net::SocketAddr) -> Self {
        // SAFETY: zeros are valid for all three: no buffer, family AF_UNSPEC, an empty header.
        let (slice, name, header) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed(), std::mem::zeroed()) };
        let mut batch = Self {
            socket: socket.as_raw_fd(),
            v6: bound.is_ipv6(),
            own: OwnAddresses::new(bound.ip()),
            buffers: vec![[0; MAX_DATAGRAM_LEN]; BATCH].into(),
            slices: vec![slice; BATCH].into(),
            names: vec![name; BATCH].into(),
            controls: vec![Control::EMPTY; BATCH].into(),
            headers: vec![header; BATCH].into(),
            waiting: 0,
            patience: PATIENCE,
            sent: 0,
            dropped_full: 0,
            dropped_unreachable: 0,
        };
        batch.prepare();
        batch
    }

    /// A turn of the shard's loop begins.
    pub fn begin_turn(&mut self, now: Instant) {
        self.patience = PATIENCE;
        self.own.refresh(now);
    }

    /// Adds the datagram that `fill` writes, if it writes one.
    pub fn add(&mut self, path: Path, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        if self.waiting == BATCH {
            self.flush();
        }
        let at = self.waiting;
        let (Some(buffer), Some(slice), Some(name), Some(header)) = (
            self.buffers.get_mut(at),
            self.slices.get_mut(at),
            self.names.get_mut(at),
            self.headers.get_mut(at),
        ) else {
            return;
        };
        let Some(len) = fill(buffer) else {
            return;
        };
        slice.iov_len = len.min(MAX_DATAGRAM_LEN);
        let message = &mut header.msg_hdr;
        message.msg_namelen = address::write(path.remote, self.v6, name);
        (message.msg_control, message.msg_controllen) = (std::ptr::null_mut(), 0);
        if let (Some(local), Some(control)) = (self.own.to_be_told(path), self.controls.get_mut(at))
        {
            message.msg_controllen = write_local_address(local, self.v6, control) as _;
            message.msg_control = control.0.as_mut_ptr().cast();
        }
        self.waiting += 1;
    }

    /// Gives everything to the kernel. What it does not take is dropped: sound that waits is worth nothing.
    pub fn flush(&mut self) {
        let mut at = 0;
        while at < self.waiting {
            let Some(rest) = self.headers.get_mut(at..self.waiting) else {
                break;
            };
            // SAFETY: every header up to `waiting` points into buffers of this value, which do not move.
            let sent = unsafe {
                libc::sendmmsg(
                    self.socket,
                    rest.as_mut_ptr(),
                    rest.len() as libc::c_uint,
                    libc::MSG_DONTWAIT,
                )
            };
            if sent > 0 {
                self.sent += sent as u64;
                at += sent as usize;
            } else {
                at += self.refused(&io::Error::last_os_error());
            }
        }
        self.waiting = 0;
    }

    /// The kernel did not take the first one; the others it may. Returns how many to give up.
    fn refused(&mut self, error: &io::Error) -> usize {
        match (error.kind(), error.raw_os_error()) {
            (io::ErrorKind::Interrupted, _) => return 0,
            (io::ErrorKind::WouldBlock, _) if self.wait() => return 0,
            (io::ErrorKind::WouldBlock, _) | (_, Some(libc::ENOBUFS)) => self.dropped_full += 1,
            _ => self.dropped_unreachable += 1,
        }
        1
    }

    /// Waits a little for room in the kernel's buffer; false when there is none, or this turn's patience is spent.
    fn wait(&mut self) -> bool {
        if self.patience.is_zero() {
            return false;
        }
        let mut socket = libc::pollfd {
            fd: self.socket,
            events: libc::POLLOUT,
            revents: 0,
        };
        let timeout = libc::timespec {
            tv_sec: 0,
            tv_nsec: self.patience.subsec_nanos().into(),
        };
        let start = Instant::now();
        // SAFETY: both pointers live for the call.
        let ready = unsafe { libc::ppoll(&mut socket, 1, &timeout, std::ptr::null()) } > 0;
        self.patience = self.patience.saturating_sub(start.elapsed());
        ready
    }

    /// What of the headers never changes: each points at its own buffers.
    fn prepare(&mut self) {
        let buffers = self.buffers.iter_mut().zip(&mut self.names);
        let raw = self.slices.iter_mut().zip(&mut self.headers);
        for ((buffer, name), (slice, header)) in buffers.zip(raw) {
            slice.iov_base = buffer.as_mut_ptr().cast();
            let message = &mut header.msg_hdr;
            message.msg_iov = slice;
            message.msg_iovlen = 1;
            message.msg_name = std::ptr::from_mut(name).cast();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, SocketAddr, UdpSocket};

    use super::*;
    use crate::udp::bind;

    /// Sends `text` from a socket at `bound` on `paths`, in order.
    fn send(bound: &str, paths: &[Path], text: &[u8]) -> SendBatch {
        let bound: SocketAddr = bound.parse().unwrap();
        let sockets = bind(bound, 1).unwrap();
        let mut batch = SendBatch::new(&sockets[0], bound);
        batch.begin_turn(Instant::now());
        for path in paths {
            batch.add(*path, |buffer| {
                buffer.get_mut(..text.len())?.copy_from_slice(text);
                Some(text.len())
            });
        }
        batch.flush();
        batch
    }

    fn receiver() -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    #[test]
    fn a_datagram_leaves_from_the_own_address_it_is_to_leave_from() {
        let (receiver, remote) = receiver();
        for (bound, local, seen) in [
            ("0.0.0.0:0", Some("127.0.0.9"), "127.0.0.9"),
            ("[::]:0", Some("127.0.0.9"), "127.0.0.9"),
            ("0.0.0.0:0", None, "127.0.0.1"),
            ("127.0.0.7:0", Some("127.0.0.7"), "127.0.0.7"),
        ] {
            let local: Option<IpAddr> = local.map(|ip| ip.parse().unwrap());
            send(bound, &[Path { remote, local }], b"voice");
            let mut buffer = [0; 100];
            let (len, from) = receiver.recv_from(&mut buffer).unwrap();
            assert_eq!(
                (&buffer[..len], from.ip()),
                (&b"voice"[..], seen.parse().unwrap())
            );
        }
    }

    #[test]
    fn what_the_kernel_refuses_is_counted_and_the_rest_goes_out() {
        let (receiver, remote) = receiver();
        // Sending to everybody is forbidden to a socket that has not asked for it.
        let forbidden = Path::to("255.255.255.255:9".parse().unwrap());
        let paths = [forbidden, Path::to(remote), forbidden, Path::to(remote)];
        let batch = send("0.0.0.0:0", &paths, b"voice");
        assert_eq!(
            (batch.sent, batch.dropped_unreachable, batch.dropped_full),
            (2, 2, 0)
        );
        for _ in 0..2 {
            assert_eq!(receiver.recv(&mut [0; 100]).unwrap(), 5);
        }
    }

    #[test]
    fn more_than_a_batch_is_sent_in_several() {
        let (receiver, remote) = receiver();
        let batch = send("127.0.0.1:0", &[Path::to(remote); 2 * BATCH + 1], b"x");
        assert_eq!(batch.sent, 2 * BATCH as u64 + 1);
        for _ in 0..=2 * BATCH {
            assert_eq!(receiver.recv(&mut [0; 100]).unwrap(), 1);
        }
    }
}
