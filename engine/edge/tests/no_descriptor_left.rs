//! A process without a free descriptor. In a file of its own: the limit is the whole process's.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::Instant;

use common::{PATIENCE, World};
use socket2::{Domain, Socket, Type};

/// From now on this process can open nothing until a file of `fillers` is closed. Returns the limit that there was.
fn take_all_descriptors(fillers: &mut Vec<File>) -> libc::rlimit {
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let number = |entry: std::io::Result<std::fs::DirEntry>| {
        entry
            .unwrap()
            .file_name()
            .to_str()
            .unwrap()
            .parse()
            .unwrap()
    };
    let highest: i32 = open.map(number).max().unwrap();
    let lowest_free = loop {
        let file = File::open("/dev/null").unwrap();
        if file.as_raw_fd() > highest {
            break file.as_raw_fd();
        }
        // A gap, left by something that was closed.
        fillers.push(file);
    };
    let mut before = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: both structures live for the calls.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut before), 0);
        let none_free = libc::rlimit {
            rlim_cur: lowest_free as libc::rlim_t,
            ..before
        };
        assert_eq!(
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const none_free),
            0
        );
    }
    before
}

fn give_back(limit: libc::rlimit) {
    // SAFETY: the structure lives for the call.
    assert_eq!(
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) },
        0
    );
}

/// A connection that has had an answer, and stays open: closing it would give a descriptor back.
fn served(world: &World) -> TcpStream {
    let mut stream = TcpStream::connect(world.engine.edge_address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
        .write_all(b"GET /edge/v1/health HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    assert!(stream.read(&mut [0; 512]).unwrap() > 0);
    stream
}

/// The first line of what the server says to a connection that asks for nothing, and that connection.
fn greeting(socket: Socket, world: &World) -> (TcpStream, String) {
    socket.connect(&world.engine.edge_address().into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let first = text.lines().next().unwrap_or_default().to_owned();
    (stream, first)
}

#[test]
fn a_connection_that_finds_no_descriptor_is_told_so_and_later_ones_are_served() {
    let world = World::start();
    let _held = served(&world);
    let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let sockets = [socket(), socket(), socket()];
    let mut fillers = Vec::new();
    let before = take_all_descriptors(&mut fillers);
    let told = sockets.map(|socket| greeting(socket, &world));
    for (_, first) in &told {
        assert_eq!(first, "HTTP/1.1 503 Service Unavailable");
    }
    give_back(before);
    let deadline = Instant::now() + PATIENCE;
    while ureq::get(world.url("health")).call().is_err() {
        assert!(Instant::now() < deadline, "nobody is let in again");
    }
}
