//! The media socket: many datagrams in one system call, each with the own address it came to.

mod address;
mod arrival;
mod control;
mod option;
mod overflow;
mod own;
mod recv;
mod send;

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

pub use arrival::Arrival;
pub use recv::{Read, RecvBatch};
pub use send::SendBatch;

/// Datagrams in one system call.
const BATCH: usize = 64;
/// The largest datagram that is taken; what is longer is cut, and then fails its authentication.
pub(crate) const MAX_DATAGRAM: usize = 2048;
/// Room for one tick of a big room on its way out, and for all its listeners' checks on their way in while that tick is
/// sent: some 5,000 small datagrams, which the kernel charges with 768 bytes each or more.
const SOCKET_BUFFER: libc::c_int = 4 << 20;

/// Binds `count` sockets to one address; the kernel spreads the peers over them. Port 0 takes any free one.
///
/// # Errors
/// When the address is taken or is none of this machine's.
pub fn bind(address: SocketAddr, count: usize) -> io::Result<Vec<Socket>> {
    let first = bind_one(address, count > 1)?;
    let bound = first.local_addr()?.as_socket().unwrap_or(address);
    let mut sockets = vec![first];
    for _ in 1..count {
        sockets.push(bind_one(bound, true)?);
    }
    Ok(sockets)
}

fn bind_one(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    socket.set_nonblocking(true)?;
    // Only where several threads share the port: otherwise a second server would silently take half the peers.
    socket.set_reuse_port(shared)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // A socket with one address has nothing to tell.
    if address.ip().is_unspecified() {
        control::ask_for_local_address(&socket, address.is_ipv6())?;
    }
    // Without it a datagram counts as come when it is read.
    if let Err(error) = control::ask_for_arrival(&socket) {
        tracing::debug!(%error, "The kernel does not say when datagrams come.");
    }
    if let Err(error) = overflow::ask_for_overflow(&socket) {
        tracing::debug!(%error, "The kernel does not say how many datagrams find no room.");
    }
    if let Err(error) = forbid_fragments(&socket) {
        tracing::debug!(%error, "The kernel may cut datagrams in pieces.");
    }
    for option in [
        (libc::SO_RCVBUFFORCE, libc::SO_RCVBUF),
        (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF),
    ] {
        ask_for_buffer(&socket, option);
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

/// No datagram is long enough to be cut on its way, and what may be cut takes a number of its own first, from a table
/// that all the machine's sockets share: a fifteenth of the whole sending. What strangers say of a way's width (ICMP) is
/// not believed, as QUIC does it: else one forged datagram would take long packs away from a listener.
fn forbid_fragments(socket: &Socket) -> io::Result<()> {
    let never = libc::IP_PMTUDISC_PROBE;
    option::set(socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, never)
}

/// Less than asked for is no reason not to start: the defaults of some kernels are small, and only an administrator
/// may go beyond what `net.core.rmem_max` and `wmem_max` grant.
fn ask_for_buffer(socket: &Socket, (beyond, within): (libc::c_int, libc::c_int)) {
    let ask = |name| option::set(socket, libc::SOL_SOCKET, name, SOCKET_BUFFER).is_ok();
    if !ask(beyond) && !ask(within) {
        tracing::debug!("The kernel keeps the buffers of the media socket as they are.");
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    /// What an int option is.
    fn option_of(socket: &Socket, level: libc::c_int, name: libc::c_int) -> libc::c_int {
        let (mut value, mut len) = (-1, size_of::<libc::c_int>() as libc::socklen_t);
        // SAFETY: the kernel writes an int at most, and the length says so.
        let done = unsafe {
            let place = std::ptr::from_mut(&mut value).cast();
            libc::getsockopt(socket.as_raw_fd(), level, name, place, &mut len)
        };
        assert_eq!(done, 0);
        value
    }

    #[test]
    fn datagrams_over_ipv4_are_never_cut_whatever_the_socket_is_bound_to() {
        for bound in ["127.0.0.1:0", "0.0.0.0:0", "[::]:0"] {
            let sockets = bind(bound.parse().unwrap(), 1).unwrap();
            let discover = option_of(&sockets[0], libc::IPPROTO_IP, libc::IP_MTU_DISCOVER);
            assert_eq!(discover, libc::IP_PMTUDISC_PROBE, "{bound}");
        }
    }
}
