//! recvmmsg(2).

use std::io;
use std::os::fd::AsRawFd;

use palabre_core::ice::Path;

use super::arrival::{Arrival, Clocks};
use super::control::{Control, Facts};
use super::overflow::Overflow;
use super::{BATCH, MAX_DATAGRAM, address};

/// Buffers for one call; made once.
pub struct RecvBatch {
    buffers: Vec<[u8; MAX_DATAGRAM]>,
    names: Vec<libc::sockaddr_storage>,
    controls: Vec<Control>,
    slices: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
    overflow: Overflow,
}

/// What one call found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// More may be waiting.
    pub more: bool,
    /// Datagrams that found no room in the socket since the last call, as far as is known by now.
    pub lost: u32,
}

// SAFETY: the raw pointers point into the vectors of the same value and are written anew before each system call.
unsafe impl Send for RecvBatch {}

impl Default for RecvBatch {
    fn default() -> Self {
        // SAFETY: zeros are valid for all three: no buffer, family AF_UNSPEC, an empty header.
        let (slice, name, header) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed(), std::mem::zeroed()) };
        Self {
            buffers: vec![[0; MAX_DATAGRAM]; BATCH],
            names: vec![name; BATCH],
            controls: vec![Control::EMPTY; BATCH],
            slices: vec![slice; BATCH],
            headers: vec![header; BATCH],
            overflow: Overflow::default(),
        }
    }
}

impl RecvBatch {
    /// Takes what has arrived, at most a batch, in the order in which it came. Always from the same socket.
    ///
    /// # Errors
    /// When the socket is broken.
    pub fn receive(
        &mut self,
        socket: &impl AsRawFd,
        mut each: impl FnMut(Arrival, &mut [u8]),
    ) -> io::Result<Read> {
        self.prepare();
        // SAFETY: every header points into buffers of this value, which do not move.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                self.headers.len() as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        if count < 0 {
            let more = more_or_error(io::Error::last_os_error())?;
            return Ok(Read { more, lost: 0 });
        }
        let (count, clocks, mut lost) = (count as usize, Clocks::read(), 0);
        let received = self.headers.iter().take(count);
        for ((header, buffer), name) in received.zip(&mut self.buffers).zip(&self.names) {
            let Facts {
                local,
                arrived,
                overflowed,
            } = Facts::of(&header.msg_hdr);
            lost += self.overflow.lost_since(overflowed);
            let datagram = buffer.get_mut(..header.msg_len as usize);
            if let (Some(remote), Some(datagram)) = (address::read(name), datagram) {
                let path = Path { remote, local };
                let at = clocks.instant(arrived);
                each(Arrival { path, at }, datagram);
            }
        }
        let more = count == BATCH;
        Ok(Read { more, lost })
    }

    /// Points every header at its buffers; the kernel overwrites the lengths each time.
    fn prepare(&mut self) {
        let facts = self
            .buffers
            .iter_mut()
            .zip(&mut self.names)
            .zip(&mut self.controls);
        let raw = self.slices.iter_mut().zip(&mut self.headers);
        for (((buffer, name), control), (slice, header)) in facts.zip(raw) {
            slice.iov_base = buffer.as_mut_ptr().cast();
            slice.iov_len = buffer.len();
            let message = &mut header.msg_hdr;
            message.msg_iov = slice;
            message.msg_iovlen = 1;
            message.msg_name = std::ptr::from_mut(name).cast();
            message.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            message.msg_control = control.0.as_mut_ptr().cast();
            message.msg_controllen = control.0.len() as _;
        }
    }
}

fn more_or_error(error: io::Error) -> io::Result<bool> {
    use io::ErrorKind::{ConnectionRefused, Interrupted, WouldBlock};
    if matches!(error.kind(), WouldBlock | Interrupted) {
        return Ok(false);
    }
    // An ICMP answer to something sent earlier, to whomever: not about what waits to be read.
    if error.kind() == ConnectionRefused {
        Ok(true)
    } else {
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::time::{Duration, Instant};

    use socket2::Socket;

    use super::*;
    use crate::udp::bind;

    /// What arrives when the thread that reads was held up for so long.
    fn read_late(held_up: Duration, bound: &str) -> (Arrival, Instant, Instant) {
        let sockets = bind(bound.parse().unwrap(), 1).unwrap();
        let port = sockets[0].local_addr().unwrap().as_socket().unwrap().port();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let before = Instant::now();
        sender.send_to(b"voice", ("127.0.0.1", port)).unwrap();
        let sent = Instant::now();
        while sent.elapsed() < held_up {}
        let (mut batch, mut arrived) = (RecvBatch::default(), Vec::new());
        while arrived.is_empty() {
            let note = |arrival: Arrival, _: &mut [u8]| arrived.push(arrival);
            batch.receive(&sockets[0], note).unwrap();
        }
        (arrived.remove(0), before, sent)
    }

    #[test]
    fn a_datagram_that_waited_in_the_socket_comes_with_the_time_at_which_it_came() {
        // The two clocks are not read at the same instant.
        let slack = Duration::from_millis(10);
        // Kept open: the kernel begins to stamp some time after the first socket of the machine asks for it, and until
        // then takes the time of reading.
        let _asks = bind("127.0.0.1:0".parse().unwrap(), 1).unwrap();
        for (bound, local) in [("127.0.0.1:0", None), ("0.0.0.0:0", Some("127.0.0.1"))] {
            let stamped = (0..100).any(|_| {
                let (Arrival { path, at }, before, sent) =
                    read_late(Duration::from_millis(50), bound);
                assert_eq!(path.local, local.map(|ip: &str| ip.parse().unwrap()));
                assert!(at + slack >= before);
                at <= sent + slack
            });
            assert!(stamped, "always the time of reading");
        }
    }

    /// All that waits, and how many are known to have found no room.
    fn read_all(batch: &mut RecvBatch, socket: &Socket) -> (u32, u32) {
        let (mut taken, mut lost) = (0, 0);
        loop {
            let read = batch.receive(socket, |_, _| taken += 1).unwrap();
            lost += read.lost;
            if !read.more {
                return (taken, lost);
            }
        }
    }

    #[test]
    fn datagrams_that_find_the_receive_buffer_full_are_counted_with_the_next_one_that_does_not() {
        for bound in ["127.0.0.1:0", "[::]:0"] {
            let socket = bind(bound.parse().unwrap(), 1).unwrap().remove(0);
            socket.set_recv_buffer_size(8_192).unwrap();
            let port = socket.local_addr().unwrap().as_socket().unwrap().port();
            let (sender, mut batch) = (
                UdpSocket::bind("127.0.0.1:0").unwrap(),
                RecvBatch::default(),
            );
            let send = || sender.send_to(b"check", ("127.0.0.1", port)).unwrap();
            // Over loopback a datagram is there, or lost, when the call returns.
            for round in 0..2 {
                (0..500).for_each(|_| _ = send());
                let (taken, lost) = read_all(&mut batch, &socket);
                assert!(taken > 0 && taken < 500, "{taken} in round {round}");
                assert_eq!(lost, 0, "nothing has come after them");
                send();
                assert_eq!(read_all(&mut batch, &socket), (1, 500 - taken));
            }
        }
    }
}
