//! The media socket: many datagrams in one system call, each with the own address it came to.

mod address;
mod control;
mod recv;
mod send;

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

pub use recv::RecvBatch;
pub use send::SendBatch;

/// Datagrams in one system call.
const BATCH: usize = 64;
/// The largest datagram that is taken; what is longer is cut, and then fails its authentication.
const MAX_DATAGRAM: usize = 2048;
/// Room for some hundred milliseconds of a thousand speakers; the kernel gives what it may.
const SOCKET_BUFFER: usize = 4 << 20;

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
    control::ask_for_local_address(&socket, address.is_ipv6())?;
    // The defaults of some kernels are small; less than asked for is no reason not to start.
    let _granted = socket
        .set_recv_buffer_size(SOCKET_BUFFER)
        .and(socket.set_send_buffer_size(SOCKET_BUFFER));
    socket.bind(&address.into())?;
    Ok(socket)
}
