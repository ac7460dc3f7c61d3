//! Datagrams for many addresses, given to the kernel in one `sendmmsg`.

use std::io;
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

/// Fixed buffers, filled from the front.
pub struct Batch {
    packets: Vec<Vec<u8>>,
    addresses: Vec<libc::sockaddr_in>,
    filled: usize,
}

impl Batch {
    pub fn new(capacity: usize, packet_bytes: usize) -> Self {
        let nowhere = to_c("0.0.0.0:0".parse().expect("a constant address"));
        let capacity = capacity.max(1);
        Self {
            packets: vec![vec![0; packet_bytes]; capacity],
            addresses: vec![nowhere; capacity],
            filled: 0,
        }
    }

    pub fn capacity(&self) -> usize {
        self.packets.len()
    }

    /// Adds one datagram that `fill` writes; a full batch takes no more.
    pub fn push(
        &mut self,
        to: SocketAddrV4,
        fill: impl FnOnce(&mut [u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let (Some(packet), Some(address)) = (
            self.packets.get_mut(self.filled),
            self.addresses.get_mut(self.filled),
        ) else {
            return Err(io::Error::other("the batch is full"));
        };
        fill(packet)?;
        *address = to_c(to);
        self.filled += 1;
        Ok(())
    }

    /// Sends everything; says how many datagrams the kernel took.
    pub fn send(&mut self, socket: &UdpSocket) -> io::Result<u64> {
        let filled = std::mem::take(&mut self.filled);
        let mut vectors: Vec<libc::iovec> = self.packets[..filled]
            .iter_mut()
            .map(|p| vector(p))
            .collect();
        let addresses = self.addresses[..filled].iter_mut();
        let mut messages: Vec<libc::mmsghdr> = vectors
            .iter_mut()
            .zip(addresses)
            .map(|(v, a)| message(v, a))
            .collect();
        // SAFETY: every pointer in `messages` is into a buffer of this frame or of `self`, and outlives the call.
        let sent = unsafe {
            libc::sendmmsg(
                socket.as_raw_fd(),
                messages.as_mut_ptr(),
                filled as libc::c_uint,
                0,
            )
        };
        u64::try_from(sent).map_err(|_| io::Error::last_os_error())
    }
}

fn vector(packet: &mut [u8]) -> libc::iovec {
    libc::iovec {
        iov_base: packet.as_mut_ptr().cast(),
        iov_len: packet.len(),
    }
}

fn message(vector: &mut libc::iovec, address: &mut libc::sockaddr_in) -> libc::mmsghdr {
    // SAFETY: all zeroes is a valid mmsghdr: null pointers and no lengths.
    let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
    message.msg_hdr.msg_name = std::ptr::from_mut(address).cast();
    message.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
    message.msg_hdr.msg_iov = vector;
    message.msg_hdr.msg_iovlen = 1;
    message
}

pub fn to_c(address: SocketAddrV4) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from(*address.ip()).to_be(),
        },
        sin_zero: [0; 8],
    }
}
