//! A server on str0m that says back to each listener what it was given: proof of the clients themselves.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use palabre_load::{FRAME_MS, Speech};
use str0m::change::SdpOffer;
use str0m::media::Mid;
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

/// Who the oracle says is speaking.
pub const CSRC: u32 = 0x5eed;

/// Serves one session at a time until dropped.
pub struct Oracle {
    pub url: String,
    stop: Arc<AtomicBool>,
    /// RTP packets that came from speakers.
    pub heard: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Oracle {
    pub fn start(speech: Speech) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/door", listener.local_addr().unwrap());
        let stop = Arc::new(AtomicBool::new(false));
        let heard = Arc::new(AtomicU64::new(0));
        let (stopped, counter) = (stop.clone(), heard.clone());
        let thread = thread::spawn(move || serve(&listener, &speech, &stopped, &counter));
        Self {
            url,
            stop,
            heard,
            thread: Some(thread),
        }
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().unwrap().join();
    }
}

struct Peer {
    rtc: Rtc,
    socket: UdpSocket,
    mid: Option<Mid>,
    started: Option<Instant>,
    sent: u64,
}

fn serve(listener: &TcpListener, speech: &Speech, stop: &AtomicBool, heard: &AtomicU64) {
    let mut peer = None;
    while !stop.load(Ordering::Relaxed) {
        if let Ok((stream, _)) = listener.accept() {
            peer = answer(stream).or(peer);
        }
        match &mut peer {
            Some(peer) => peer.run_once(speech, heard),
            None => thread::yield_now(),
        }
    }
}

/// Reads one request; an offer becomes a peer, everything else is a 200.
fn answer(mut stream: TcpStream) -> Option<Peer> {
    stream.set_nonblocking(false).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    let (head, body) = read_request(&mut stream);
    if !head.starts_with("POST") {
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        return None;
    }
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(2)))
        .unwrap();
    let mut rtc = RtcConfig::new()
        .set_ice_lite(true)
        .set_rtp_mode(true)
        .build(Instant::now());
    rtc.add_local_candidate(Candidate::host(socket.local_addr().unwrap(), "udp").unwrap());
    let sdp = rtc
        .sdp_api()
        .accept_offer(SdpOffer::from_sdp_string(&body).unwrap())
        .unwrap()
        .to_sdp_string();
    write!(
        stream,
        "HTTP/1.1 201 Created\r\nLocation: /session/1\r\nETag: \"e\"\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{sdp}",
        sdp.len()
    )
    .unwrap();
    Some(Peer {
        rtc,
        socket,
        mid: None,
        started: None,
        sent: 0,
    })
}

fn read_request(stream: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .to_lowercase()
                .lines()
                .find_map(|l| l.strip_prefix("content-length:")?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return (head.to_owned(), body.to_owned());
            }
        }
        let read = stream.read(&mut chunk).unwrap();
        assert_ne!(read, 0, "the client hung up in the middle of a request");
        bytes.extend(&chunk[..read]);
    }
}

impl Peer {
    fn run_once(&mut self, speech: &Speech, heard: &AtomicU64) {
        self.talk(speech);
        while let Ok(output) = self.rtc.poll_output() {
            match output {
                Output::Transmit(t) => {
                    self.socket.send_to(&t.contents, t.destination).unwrap();
                }
                Output::Event(Event::Connected) => self.started = Some(Instant::now()),
                Output::Event(Event::MediaAdded(media)) => self.mid = Some(media.mid),
                Output::Event(Event::RtpPacket(_)) => {
                    heard.fetch_add(1, Ordering::Relaxed);
                }
                Output::Event(_) => {}
                Output::Timeout(_) => break,
            }
        }
        let mut buffer = [0; 2048];
        match self.socket.recv_from(&mut buffer) {
            Ok((length, from)) => self.receive(from, &buffer[..length]),
            Err(_) => drop(self.rtc.handle_input(Input::Timeout(Instant::now()))),
        }
    }

    fn receive(&mut self, source: SocketAddr, datagram: &[u8]) {
        let destination = self.socket.local_addr().unwrap();
        let contents = datagram.try_into().unwrap();
        let receive = Receive {
            proto: Protocol::Udp,
            source,
            destination,
            contents,
        };
        self.rtc
            .handle_input(Input::Receive(Instant::now(), receive))
            .unwrap();
    }

    fn talk(&mut self, speech: &Speech) {
        let (Some(mid), Some(started)) = (self.mid, self.started) else {
            return;
        };
        while started + Duration::from_millis(FRAME_MS * self.sent) <= Instant::now() {
            let Some(frame) = speech.frames.get(self.sent as usize) else {
                return;
            };
            let Some(pt) = self
                .rtc
                .media(mid)
                .and_then(|m| m.remote_pts().first().copied())
            else {
                return;
            };
            let mut direct = self.rtc.direct_api();
            let Some(stream) = direct.stream_tx_by_mid(mid, None) else {
                return;
            };
            let packet = RtpWrite::new(
                pt,
                self.sent.into(),
                self.sent as u32 * 960,
                Instant::now(),
                frame.opus.as_slice(),
            );
            stream.write_rtp(packet.csrc(&[CSRC]));
            self.sent += 1;
        }
    }
}
