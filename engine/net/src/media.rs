//! The media side of the engine: shard threads behind one port.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crossbeam_channel::bounded;
use palabre_core::dtls::{Fingerprint, Identity, IdentityError};
use palabre_core::shard::{Limits, NtpClock, RoomId, Shard};

use crate::command::Command;
use crate::counters::{Counters, metrics};
use crate::cpu::{Pinning, allowed_cores};
use crate::door::Door;
use crate::interfaces::media_addresses;
use crate::last_resort;
use crate::outlet::{Outlet, SpeakingHook};
use crate::overload::Overload;
use crate::reports::Reports;
use crate::routes::Routes;
use crate::udp::{self, SendBatch};
use crate::worker::Worker;
use crate::writer::Writer;
use crate::{EventFd, EventQueue};

/// Commands waiting for one shard. When full, whoever asks is told so.
const COMMANDS: usize = 16_384;

/// How the media side is set up; fixed for its life.
#[derive(Debug, Clone)]
pub struct MediaConfig {
    pub bind: SocketAddr,
    /// Addresses told to clients; the machine's own when empty.
    pub addresses: Vec<IpAddr>,
    /// Threads, 1 to 255.
    pub shards: u8,
    pub limits: Limits,
    pub pinning: Pinning,
}

/// Why the media side does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    #[error(
        "Cannot receive media on {address}: {error}. Choose another port, or stop what uses it."
    )]
    Bind {
        address: SocketAddr,
        error: io::Error,
    },
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error("The engine cannot start its media threads: {0}")]
    Threads(#[from] io::Error),
}

/// The command queue is full; nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("The engine has {COMMANDS} commands waiting. Try again in a moment.")]
pub struct Busy;

/// All shards, and where clients find them.
pub struct Media {
    doors: Vec<Door>,
    counters: Vec<Arc<Counters>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    writer: Writer,
    disk: Mutex<Option<JoinHandle<()>>>,
    addresses: Vec<SocketAddr>,
    fingerprint: Fingerprint,
    answers: AtomicU64,
}

impl Media {
    /// Binds the port and starts the threads.
    ///
    /// # Errors
    /// When the port is taken, or the machine gives no threads.
    pub fn start(
        config: &MediaConfig,
        events: &Arc<EventQueue>,
        speaking: &SpeakingHook,
    ) -> Result<Self, MediaError> {
        let shards = config.shards.max(1);
        let bind_error = |error| MediaError::Bind {
            address: config.bind,
            error,
        };
        let sockets = udp::bind(config.bind, usize::from(shards)).map_err(bind_error)?;
        let bound = sockets
            .first()
            .and_then(|socket| socket.local_addr().ok()?.as_socket())
            .unwrap_or(config.bind);
        let addresses = addresses(&config.addresses, bound)?;
        let identity = Arc::new(Identity::generate()?);
        let (writer, disk) = Writer::start(Arc::clone(events))?;
        let mut doors = Vec::new();
        let mut inboxes = Vec::new();
        for _ in 0..shards {
            let ((sender, commands), wake) = (bounded(COMMANDS), Arc::new(EventFd::new()?));
            doors.push(Door::new(sender, Arc::clone(&wake)));
            inboxes.push((commands, wake));
        }
        let cores = allowed_cores();
        let mut threads = Vec::new();
        let mut counters = Vec::new();
        for ((number, socket), (commands, wake)) in (0..shards).zip(sockets).zip(inboxes) {
            let own = Arc::new(Counters::default());
            let worker = Worker {
                number,
                shard: Shard::new(
                    number,
                    Arc::clone(&identity),
                    config.limits,
                    Box::new(entropy),
                    wall_clock(),
                ),
                outlet: Outlet {
                    batch: SendBatch::new(&socket, bound),
                    reports: Reports::new(Arc::clone(events), Instant::now()),
                    speaking: Arc::clone(speaking),
                    writer: writer.clone(),
                    failed: std::collections::HashSet::new(),
                },
                socket,
                commands,
                wake,
                siblings: doors.clone(),
                routes: Routes::default(),
                counters: Arc::clone(&own),
                core: config.pinning.core(number.into(), shards.into(), &cores),
                census: Instant::now(),
                overload: Overload::new(Instant::now(), config.limits.late),
            };
            let name = format!("palabre-media-{number}");
            threads.push(
                std::thread::Builder::new()
                    .name(name)
                    .spawn(move || last_resort::run(number, || worker.run()))?,
            );
            counters.push(own);
        }
        Ok(Self {
            doors,
            counters,
            threads: Mutex::new(threads),
            writer,
            disk: Mutex::new(Some(disk)),
            addresses,
            fingerprint: identity.fingerprint(),
            answers: AtomicU64::new(0),
        })
    }

    /// Where clients send their media: the candidates of an answer.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What an answer has to say of the certificate.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// A new number for the `o=` line of an answer (RFC 8866, section 5.2).
    pub fn next_answer(&self) -> u64 {
        self.answers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Sends a wish to the shard of its room.
    ///
    /// # Errors
    /// When that shard's queue is full.
    pub fn to_room(&self, room: &RoomId, command: Command) -> Result<(), Busy> {
        self.to_shard(self.shard_of(room), command)
    }

    /// Sends several wishes to the shard of a room; how many of them, from the first on, it had room for.
    pub fn all_to_room(&self, room: &RoomId, commands: impl Iterator<Item = Command>) -> usize {
        let door = self.doors.get(usize::from(self.shard_of(room)));
        door.map_or(0, |door| door.send_all(commands))
    }

    /// Sends a wish to a shard.
    ///
    /// # Errors
    /// When its queue is full, or there is no such shard.
    pub fn to_shard(&self, shard: u8, command: Command) -> Result<(), Busy> {
        let door = self.doors.get(usize::from(shard)).ok_or(Busy)?;
        door.send(command).map_err(|_refused| Busy)
    }

    /// Counters by name, in the words of Prometheus' text format.
    #[must_use]
    pub fn metrics(&self) -> Vec<(String, f64)> {
        metrics(self.counters.iter().map(Arc::as_ref))
    }

    /// Ends all threads and waits for them: shards first, so that their last pages reach the disk.
    pub fn stop(&self) {
        for door in &self.doors {
            let mut command = Command::Stop;
            // The queue may be full, and the shard is at work on it.
            while let Err(refused) = door.send(command) {
                command = refused;
                std::thread::yield_now();
            }
        }
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        join(threads);
        if let Some(disk) = self
            .disk
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            self.writer.stop();
            join([disk]);
        }
    }

    fn shard_of(&self, room: &RoomId) -> u8 {
        // FNV-1a: the same shard for a room whatever the process, which is kind to whoever reads logs.
        let hash = room
            .as_str()
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        u8::try_from(hash % self.doors.len().max(1) as u64).unwrap_or(0)
    }
}

fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("A thread of the engine had panicked.");
        }
    }
}

fn addresses(given: &[IpAddr], bound: SocketAddr) -> io::Result<Vec<SocketAddr>> {
    if given.is_empty() {
        return media_addresses(bound);
    }
    Ok(given
        .iter()
        .map(|ip| SocketAddr::new(*ip, bound.port()))
        .collect())
}

fn entropy(bytes: &mut [u8]) {
    // Without randomness there are no secrets, and nothing may go on: the library itself aborts where it can fail.
    aws_lc_rs::rand::fill(bytes).expect("the kernel always has randomness after boot");
}

/// Wall-clock time that does not jump while the process lives.
fn wall_clock() -> NtpClock {
    let (start, epoch) = (
        Instant::now(),
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default(),
    );
    Box::new(move |now| epoch + now.saturating_duration_since(start))
}
