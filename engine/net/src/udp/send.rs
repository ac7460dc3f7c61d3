//! sendmmsg(2).

use std::io;
use std::os::fd::{AsRawFd, RawFd};

use palabre_core::ice::Path;
use palabre_core::rtp::MAX_DATAGRAM_LEN;

use super::control::{Control, write_local_address};
use super::{BATCH, address};

/// Datagrams on their way out; sent when the batch is full or flushed.
pub struct SendBatch {
    socket: RawFd,
    v6: bool,
    buffers: Vec<[u8; MAX_DATAGRAM_LEN]>,
    slices: Vec<libc::iovec>,
    names: Vec<libc::sockaddr_storage>,
    controls: Vec<Control>,
    headers: Vec<libc::mmsghdr>,
    waiting: usize,
    /// Datagrams the kernel took, and those it did not: its buffer was full, or there is no way to the peer.
    pub sent: u64,
    pub dropped: u64,
}

// SAFETY: the raw pointers point into the vectors of the same value and are written anew before each system call.
unsafe impl Send for SendBatch {}

impl SendBatch {
    /// For `socket`, which has to outlive the batch.
    #[must_use]
    pub fn new(socket: &impl AsRawFd, v6: bool) -> Self {
        // SAFETY: zeros are valid for all three: no buffer, family AF_UNSPEC, an empty header.
        let (slice, name, header) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed(), std::mem::zeroed()) };
        Self {
            socket: socket.as_raw_fd(),
            v6,
            buffers: vec![[0; MAX_DATAGRAM_LEN]; BATCH],
            slices: vec![slice; BATCH],
            names: vec![name; BATCH],
            controls: vec![Control::EMPTY; BATCH],
            headers: vec![header; BATCH],
            waiting: 0,
            sent: 0,
            dropped: 0,
        }
    }

    /// Adds the datagram that `fill` writes, if it writes one.
    pub fn add(&mut self, path: Path, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        if self.waiting == BATCH {
            self.flush();
        }
        let at = self.waiting;
        let (Some(buffer), Some(slice), Some(name), Some(control), Some(header)) = (
            self.buffers.get_mut(at),
            self.slices.get_mut(at),
            self.names.get_mut(at),
            self.controls.get_mut(at),
            self.headers.get_mut(at),
        ) else {
            return;
        };
        let Some(len) = fill(buffer) else {
            return;
        };
        slice.iov_base = buffer.as_mut_ptr().cast();
        slice.iov_len = len.min(buffer.len());
        let message = &mut header.msg_hdr;
        message.msg_namelen = address::write(path.remote, self.v6, name);
        message.msg_name = std::ptr::from_mut(name).cast();
        message.msg_iov = slice;
        message.msg_iovlen = 1;
        let control_len = path
            .local
            .map_or(0, |local| write_local_address(local, self.v6, control));
        message.msg_control = if control_len == 0 {
            std::ptr::null_mut()
        } else {
            control.0.as_mut_ptr().cast()
        };
        message.msg_controllen = control_len as _;
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
            } else if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                // The first one cannot be sent; the others may.
                self.dropped += 1;
                at += 1;
            }
        }
        self.waiting = 0;
    }
}
