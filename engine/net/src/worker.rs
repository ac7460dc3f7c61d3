//! One shard's thread: waits for its socket, its commands or its next deadline, and for nothing else.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use palabre_core::link::peek_ufrag;
use palabre_core::shard::{self, RecordingId, Refusal, RoomId, Shard};
use socket2::Socket;

use crate::EventFd;
use crate::command::Command;
use crate::counters::Counters;
use crate::cpu;
use crate::door::{Door, hand_over};
use crate::outlet::{Outlet, SLOW};
use crate::overload::Overload;
use crate::routes::Routes;
use crate::udp::{Arrival, RecvBatch};
use crate::writer::Job;

/// Batches read before commands and deadlines get their turn.
const BATCHES_IN_A_ROW: usize = 8;
/// Commands carried out before the socket gets its turn.
const COMMANDS_IN_A_ROW: usize = 256;
/// Listeners are counted so often: it takes a look at every room.
const CENSUS_EVERY: Duration = Duration::from_secs(1);
/// Datagrams of handshakes that are gone on with before packets get their turn: half a millisecond's work.
const HANDSHAKES_IN_A_ROW: usize = 4;

pub(crate) struct Worker {
    pub number: u8,
    pub shard: Shard,
    pub socket: Socket,
    pub outlet: Outlet,
    pub commands: Receiver<Command>,
    pub wake: Arc<EventFd>,
    /// All shards' doors, by number.
    pub siblings: Vec<Door>,
    pub routes: Routes,
    pub counters: Arc<Counters>,
    /// To keep to; None to run anywhere.
    pub core: Option<usize>,
    /// When the listeners of all rooms were last counted.
    pub census: Instant,
    pub overload: Overload,
}

impl Worker {
    /// Runs until [`Command::Stop`].
    pub fn run(mut self) {
        self.keep_to_core();
        let mut batch = RecvBatch::default();
        while self.carry_out() {
            if let Err(error) = self.receive(&mut batch) {
                tracing::error!(%error, shard = self.number, "The media socket is broken; its thread ends.");
                return;
            }
            self.serve_deadlines();
            let more =
                self.shard
                    .shake_hands(Instant::now(), HANDSHAKES_IN_A_ROW, &mut self.outlet);
            self.outlet.batch.flush();
            self.count();
            self.wait(more);
        }
        self.shard.close_all(Instant::now(), &mut self.outlet);
        self.outlet.batch.flush();
    }

    /// False when it is time to stop.
    fn carry_out(&mut self) -> bool {
        self.wake.reset();
        let now = Instant::now();
        self.outlet.batch.begin_turn(now);
        for _ in 0..COMMANDS_IN_A_ROW {
            match self.commands.try_recv() {
                Ok(Command::Stop) => return false,
                Ok(command) => self.command(now, command),
                Err(_empty) => return true,
            }
        }
        // There is more: do not go to sleep before it.
        self.wake.signal();
        true
    }

    fn command(&mut self, now: Instant, command: Command) {
        let (shard, out) = (&mut self.shard, &mut self.outlet);
        match command {
            Command::OpenRoom { room } => {
                if let Err(refusal) = shard.open_room(now, room) {
                    tracing::warn!(%refusal, "A room could not be opened.");
                }
            }
            Command::CloseRoom { room } => shard.close_room(now, &room, out),
            Command::Admit {
                room,
                participant,
                csrc,
                may_speak,
            } => {
                shard.admit(now, &room, participant, csrc, may_speak, out);
            }
            Command::Remove { room, participant } => shard.remove(now, &room, &participant, out),
            // Who speaks to those who are in is let in.
            Command::Connect {
                door: shard::Door::Whep,
                reply,
                ..
            } if self.overload.late(now).is_some() => {
                self.counters.refused_late.fetch_add(1, Ordering::Relaxed);
                let late = self.overload.late(now).unwrap_or_default();
                reply(Err(Refusal::Late {
                    ms: late.as_millis() as usize,
                }));
            }
            Command::Connect {
                room,
                participant,
                door,
                offered,
                reply,
            } => {
                reply(shard.connect(now, &room, &participant, door, *offered, out));
            }
            Command::RestartIce {
                session,
                ufrag,
                remote,
                reply,
            } => {
                reply(shard.restart_ice(&session, ufrag.as_deref(), remote));
            }
            Command::Disconnect { session, reply } => reply(shard.disconnect(now, &session, out)),
            Command::StartRecording {
                room,
                recording,
                title,
                path,
            } => self.start_recording(now, room, recording, &title, path),
            Command::StopRecording { room, recording } => {
                shard.stop_recording(now, &room, &recording, out)
            }
            Command::Datagram {
                arrival: Arrival { path, at },
                mut bytes,
                came_to,
            } => {
                shard.held_up(Instant::now().saturating_duration_since(at));
                shard.handle_datagram(at, path, &mut bytes, out);
                self.claim(path.remote, came_to, &bytes);
            }
            Command::Elsewhere { remote, owner } => self.routes.learn(remote, owner),
            Command::Stop => {}
        }
    }

    fn start_recording(
        &mut self,
        now: Instant,
        room: RoomId,
        recording: RecordingId,
        title: &str,
        path: PathBuf,
    ) {
        let open = Job::Open {
            room: room.clone(),
            recording: recording.clone(),
            path,
        };
        // The file first: the recording's head is its first page.
        if !self.outlet.writer.send(open) {
            return self.outlet.recording_failed(&room, &recording, SLOW);
        }
        let started =
            self.shard
                .start_recording(now, &room, recording.clone(), title, &mut self.outlet);
        if let Err(refusal) = started {
            self.outlet
                .recording_failed(&room, &recording, &refusal.to_string());
            self.outlet.abandon(&recording);
        }
    }

    /// Datagrams have their effect at the time at which they came: sound that waited in the socket while this thread was
    /// held up is in the frames of the mix that it belongs to, and those are made only now.
    fn receive(&mut self, batch: &mut RecvBatch) -> io::Result<()> {
        let Self {
            number,
            shard,
            outlet,
            siblings,
            counters,
            routes,
            ..
        } = self;
        let number = *number;
        for _ in 0..BATCHES_IN_A_ROW {
            let more = batch.receive(&self.socket, |arrival, datagram| {
                counters.received.fetch_add(1, Ordering::Relaxed);
                let Arrival { path, at } = arrival;
                let remote = path.remote;
                let owner = routes.owner(number, datagram, remote, shard.knows(remote));
                match owner.and_then(|owner| siblings.get(usize::from(owner))) {
                    Some(sibling) => hand_over(sibling, arrival, datagram, number, counters),
                    None => {
                        shard.held_up(Instant::now().saturating_duration_since(at));
                        shard.handle_datagram(at, path, datagram, outlet);
                    }
                }
            })?;
            if !more {
                break;
            }
        }
        Ok(())
    }

    /// Tells the shard whose socket a check came to that the address is ours, once the check has proved it.
    fn claim(&self, remote: SocketAddr, came_to: u8, datagram: &[u8]) {
        if peek_ufrag(datagram).is_none() || !self.shard.knows(remote) {
            return;
        }
        let claim = Command::Elsewhere {
            remote,
            owner: self.number,
        };
        let told = self
            .siblings
            .get(usize::from(came_to))
            .is_some_and(|sibling| sibling.send(claim).is_ok());
        if !told {
            tracing::debug!(
                "A shard could not be told of an address; the next check will tell it."
            );
        }
    }

    fn keep_to_core(&self) {
        if let Some(core) = self.core
            && let Err(error) = cpu::pin_to(core)
        {
            tracing::warn!(%error, core, "A media thread could not be kept on its core.");
        }
    }

    fn serve_deadlines(&mut self) {
        let now = Instant::now();
        if let Some(at) = self.shard.next_timeout().filter(|at| *at <= now) {
            self.counters.served(now - at);
            self.overload.served(now, now - at);
            self.shard.handle_timeout(now, &mut self.outlet);
        }
    }

    fn count(&mut self) {
        let (batch, shard) = (&self.outlet.batch, self.shard.counts());
        let (waiting, dropped) = self.shard.handshakes();
        let counters = &self.counters;
        for (counter, value) in [
            (&counters.sent, batch.sent),
            (&counters.dropped_full, batch.dropped_full),
            (&counters.dropped_unreachable, batch.dropped_unreachable),
            (&counters.reports_ignored, shard.reports_ignored),
            (&counters.repeated, shard.repeated),
            (&counters.repeats_refused, shard.repeats_refused),
            (&counters.stale, shard.stale),
            (&counters.links, self.shard.links() as u64),
            (&counters.rooms, self.shard.rooms() as u64),
            (&counters.half_open, self.shard.half_open() as u64),
            (&counters.handshakes_waiting, waiting as u64),
            (&counters.handshakes_dropped, dropped),
        ] {
            counter.store(value, Ordering::Relaxed);
        }
        let cpu_ns = cpu::thread_time().map(|time| time.as_nanos());
        if let Some(cpu_ns) = cpu_ns.and_then(|ns| u64::try_from(ns).ok()) {
            counters.cpu_ns.store(cpu_ns, Ordering::Relaxed);
        }
        let now = Instant::now();
        if now.saturating_duration_since(self.census) >= CENSUS_EVERY {
            self.census = now;
            self.count_listeners();
        }
    }

    fn count_listeners(&self) {
        let (slots, mix) = self.shard.listeners();
        let counters = &self.counters;
        for (counter, value) in [
            (&counters.slot_listeners, slots),
            (&counters.mix_listeners, mix),
            (&counters.sheltered, self.shard.sheltered()),
        ] {
            counter.store(value as u64, Ordering::Relaxed);
        }
    }

    /// Until something comes or is due; only looks when there is more to do.
    fn wait(&self, more: bool) {
        let due = self
            .shard
            .next_timeout()
            .map(|at| at.saturating_duration_since(Instant::now()));
        let timeout = if more { Some(Duration::ZERO) } else { due };
        let mut descriptors =
            [self.socket.as_raw_fd(), self.wake.as_raw_fd()].map(|fd| libc::pollfd {
                fd,
                events: libc::POLLIN,
                revents: 0,
            });
        let timeout = timeout.map(timespec);
        let timeout = timeout
            .as_ref()
            .map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: both pointers live for the call. What woke us, or that a signal did, is found out by looking.
        unsafe {
            libc::ppoll(
                descriptors.as_mut_ptr(),
                descriptors.len() as libc::nfds_t,
                timeout,
                std::ptr::null(),
            );
        }
    }
}

fn timespec(duration: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: libc::time_t::try_from(duration.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}
