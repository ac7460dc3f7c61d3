//! One shard's thread: waits for its socket, its commands or its next deadline, and for nothing else.

mod commands;
mod datagrams;
mod gauges;

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use palabre_core::shard::Shard;
use socket2::Socket;

use crate::EventFd;
use crate::command::Command;
use crate::counters::Counters;
use crate::cpu;
use crate::door::Door;
use crate::outlet::Outlet;
use crate::overload::Overload;
use crate::routes::Routes;
use crate::udp::RecvBatch;

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
    ///
    /// # Errors
    /// When the socket is broken.
    pub fn run(mut self) -> io::Result<()> {
        self.keep_to_core();
        let mut batch = RecvBatch::default();
        while self.carry_out() {
            self.receive(&mut batch)?;
            self.serve_deadlines();
            let more =
                self.shard
                    .shake_hands(Instant::now(), HANDSHAKES_IN_A_ROW, &mut self.outlet);
            self.outlet.batch.flush();
            self.outlet.reports.tell(Instant::now());
            self.count();
            if !more {
                self.wait();
            }
        }
        self.shard.close_all(Instant::now(), &mut self.outlet);
        self.outlet.batch.flush();
        self.outlet.reports.tell_last();
        Ok(())
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

    /// Until something comes or is due.
    fn wait(&self) {
        let deadlines = [self.shard.next_timeout(), self.outlet.reports.due()];
        let timeout = deadlines
            .into_iter()
            .flatten()
            .min()
            .map(|at| timespec(at.saturating_duration_since(Instant::now())));
        let timeout = timeout
            .as_ref()
            .map_or(std::ptr::null(), std::ptr::from_ref);
        let mut descriptors =
            [self.socket.as_raw_fd(), self.wake.as_raw_fd()].map(|fd| libc::pollfd {
                fd,
                events: libc::POLLIN,
                revents: 0,
            });
        // SAFETY: both pointers live for the call. What woke us, or that a signal did, is found out by looking.
        unsafe {
            libc::ppoll(
                descriptors.as_mut_ptr(),
                descriptors.len() as libc::nfds_t,
                timeout,
                std::ptr::null(),
            );
        }
        if descriptors.last().is_some_and(|wake| wake.revents != 0) {
            self.wake.reset();
        }
    }
}

fn timespec(duration: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: libc::time_t::try_from(duration.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}
