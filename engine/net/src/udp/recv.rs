//! recvmmsg(2).

use std::io;
use std::os::fd::AsRawFd;

use palabre_core::ice::Path;

use super::control::{self, Control};
use super::{BATCH, MAX_DATAGRAM, address};

/// Buffers for one call; made once.
pub struct RecvBatch {
    buffers: Vec<[u8; MAX_DATAGRAM]>,
    names: Vec<libc::sockaddr_storage>,
    controls: Vec<Control>,
    slices: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
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
        }
    }
}

impl RecvBatch {
    /// Takes what has arrived, at most a batch; each datagram with its path. False when nothing was waiting any more.
    ///
    /// # Errors
    /// When the socket is broken.
    pub fn receive(
        &mut self,
        socket: &impl AsRawFd,
        mut each: impl FnMut(Path, &mut [u8]),
    ) -> io::Result<bool> {
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
            return none_or_error(io::Error::last_os_error());
        }
        let count = count as usize;
        let received = self.headers.iter().take(count).map(|header| {
            (
                header.msg_len as usize,
                control::local_address(&header.msg_hdr),
            )
        });
        for (((len, local), buffer), name) in received.zip(&mut self.buffers).zip(&self.names) {
            if let (Some(remote), Some(datagram)) = (address::read(name), buffer.get_mut(..len)) {
                each(Path { remote, local }, datagram);
            }
        }
        Ok(count == BATCH)
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

fn none_or_error(error: io::Error) -> io::Result<bool> {
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
