//! The whole engine: what Python holds.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::HeaderValue;
use palabre_core::shard::{Limits, ParticipantId, RecordingId, RoomId};
use palabre_net::{
    Busy, Command, EventQueue, Media, MediaConfig, MediaError, Pinning, SpeakingHook,
};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use crate::http::limits::{Addresses, HttpLimits};
use crate::http::{App, router, server};
use crate::hub::Hub;
use crate::ticket::Tickets;

/// Who is speaking changes a room's streams no more often than this.
const SPEAKING_EVERY: Duration = Duration::from_millis(100);
/// Events kept for Python. Beyond that they are dropped and counted: Python has then been away for minutes.
const EVENT_QUEUE: usize = 100_000;
/// Answers under way may take so long to be written when the server stops.
const SHUTDOWN_WITHIN: Duration = Duration::from_secs(2);

/// How the engine is set up; fixed for its life.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// `address:port` of the HTTP doors; port 0 takes any free one.
    pub edge_bind: String,
    /// `address:port` of the one UDP port for media; port 0 takes any free one.
    pub media_bind: String,
    /// Addresses told to clients; the machine's own when empty.
    pub media_addresses: Vec<IpAddr>,
    /// Media threads, 1 to 255.
    pub shards: u8,
    pub media: Limits,
    /// Whether each media thread keeps to a core of its own.
    pub pinning: Pinning,
    /// 32 random bytes shared with whoever signs tickets.
    pub ticket_key: Vec<u8>,
    /// Origins whose pages may use the doors; all when empty.
    pub cors_origins: Vec<String>,
    pub http: HttpLimits,
    /// Event streams open at once.
    pub max_streams: usize,
}

/// Why the engine does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    #[error("Cannot listen on {address}: {error}. Choose another port, or stop what uses it.")]
    Bind { address: String, error: io::Error },
    #[error(transparent)]
    Media(#[from] MediaError),
    #[error("{origin:?} is not an origin. Write it as https://host.")]
    Origin { origin: String },
    #[error("{address:?} is not an address with a port. Write it as 0.0.0.0:8082.")]
    Address { address: String },
    #[error("The engine cannot start its threads: {0}")]
    Threads(#[from] io::Error),
}

/// Doors, streams and media, on threads of their own. Its methods never block, but for [`Engine::shutdown`].
pub struct Engine {
    app: App,
    edge_address: SocketAddr,
    runtime: Mutex<Option<Runtime>>,
}

impl Engine {
    /// Binds everything and begins to serve.
    ///
    /// # Errors
    /// When an address is taken or the machine gives no threads.
    pub fn start(config: &EngineConfig) -> Result<Self, EngineError> {
        let events = Arc::new(EventQueue::new(EVENT_QUEUE)?);
        let hub = Arc::new(Hub::new(Arc::clone(&events), config.max_streams));
        let origins = origins(&config.cors_origins)?;
        // One thread: signalling and copying bytes to readers; media has its own.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("palabre-edge")
            .enable_all()
            .build()?;
        let listener = runtime.block_on(listen(&config.edge_bind))?;
        let edge_address = listener.local_addr()?;
        let media = Media::start(&media_config(config)?, &events, &speaking(&runtime, &hub))?;
        let app = App {
            hub,
            tickets: Arc::new(Tickets::new(&config.ticket_key)),
            media: Arc::new(media),
            events,
        };
        let addresses = Arc::new(Addresses::new(config.http));
        let router = router(app.clone(), &origins);
        runtime.spawn(server::serve(
            listener,
            router,
            addresses,
            config.http.connections,
        ));
        Ok(Self {
            app,
            edge_address,
            runtime: Mutex::new(Some(runtime)),
        })
    }

    /// Where the doors are.
    #[must_use]
    pub fn edge_address(&self) -> SocketAddr {
        self.edge_address
    }

    /// Where media is received.
    #[must_use]
    pub fn media_addresses(&self) -> &[SocketAddr] {
        self.app.media.addresses()
    }

    /// What happened, and the eventfd that tells when to look.
    #[must_use]
    pub fn events(&self) -> &EventQueue {
        &self.app.events
    }

    /// The event streams: snapshots and changes go there.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.app.hub
    }

    /// Counters by name.
    #[must_use]
    pub fn metrics(&self) -> Vec<(String, f64)> {
        self.app.metrics()
    }

    /// Makes a room that participants can be admitted to.
    ///
    /// # Errors
    /// When the engine is busy.
    pub fn open_room(&self, room: RoomId) -> Result<(), Busy> {
        self.command(&room, Command::OpenRoom { room: room.clone() })?;
        self.app.hub.open_room(&room);
        Ok(())
    }

    /// Ends a room: everybody reads `code` in a `bye`, and all sound stops.
    ///
    /// # Errors
    /// When the engine is busy.
    pub fn close_room(&self, room: RoomId, code: &str) -> Result<(), Busy> {
        self.command(&room, Command::CloseRoom { room: room.clone() })?;
        self.app.hub.close_room(&room, code);
        Ok(())
    }

    /// Lets a participant in, or changes what it may do; acts within one packet.
    ///
    /// # Errors
    /// When the engine is busy.
    pub fn admit(
        &self,
        room: RoomId,
        participant: ParticipantId,
        csrc: u32,
        view: &str,
        may_speak: bool,
    ) -> Result<(), Busy> {
        let command = Command::Admit {
            room: room.clone(),
            participant: participant.clone(),
            csrc,
            may_speak,
        };
        self.command(&room, command)?;
        self.app.hub.admit(&room, &participant, view);
        Ok(())
    }

    /// Ends a participant's sound and events; its tickets open nothing from now on.
    ///
    /// # Errors
    /// When the engine is busy.
    pub fn remove(&self, room: RoomId, participant: ParticipantId, code: &str) -> Result<(), Busy> {
        let command = Command::Remove {
            room: room.clone(),
            participant: participant.clone(),
        };
        self.command(&room, command)?;
        self.app.hub.remove(&room, &participant, code);
        Ok(())
    }

    /// Records the room's mix into a new file at `path`, `title` in its tags; a recording that is running is stopped first.
    ///
    /// # Errors
    /// When the engine is busy.
    pub fn start_recording(
        &self,
        room: RoomId,
        recording: RecordingId,
        title: String,
        path: PathBuf,
    ) -> Result<(), Busy> {
        let command = Command::StartRecording {
            room: room.clone(),
            recording,
            title,
            path,
        };
        self.command(&room, command)
    }

    /// Finishes a recording; an event tells when the file is whole.
    ///
    /// # Errors
    /// When the engine is busy.
    pub fn stop_recording(&self, room: RoomId, recording: RecordingId) -> Result<(), Busy> {
        let command = Command::StopRecording {
            room: room.clone(),
            recording,
        };
        self.command(&room, command)
    }

    /// Stops everything and waits for it; calling it again does nothing.
    pub fn shutdown(&self) {
        self.app.hub.close_all();
        let runtime = self
            .runtime
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(runtime) = runtime {
            runtime.shutdown_timeout(SHUTDOWN_WITHIN);
            self.app.media.stop();
        }
    }

    fn command(&self, room: &RoomId, command: Command) -> Result<(), Busy> {
        self.app.media.to_room(room, command)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// From the shards' threads to the streams, without holding a shard up: the newest set of each room waits, and those
/// that wait are told together, ten times a second at most.
fn speaking(runtime: &Runtime, hub: &Arc<Hub>) -> SpeakingHook {
    let (news, hub) = (Arc::new(SpeakingNews::default()), Arc::clone(hub));
    let told = Arc::clone(&news);
    runtime.spawn(async move {
        loop {
            told.any.notified().await;
            for (room, participants) in told.take() {
                hub.speaking(&room, &participants);
            }
            tokio::time::sleep(SPEAKING_EVERY).await;
        }
    });
    Arc::new(move |room, participants| news.put(room, participants))
}

/// Who is heard in each room where that changed; bounded by the number of rooms.
#[derive(Default)]
struct SpeakingNews {
    newest: Mutex<HashMap<RoomId, Vec<ParticipantId>>>,
    any: Notify,
}

impl SpeakingNews {
    fn put(&self, room: &RoomId, participants: Vec<ParticipantId>) {
        self.lock().insert(room.clone(), participants);
        self.any.notify_one();
    }

    fn take(&self) -> HashMap<RoomId, Vec<ParticipantId>> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Vec<ParticipantId>>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn media_config(config: &EngineConfig) -> Result<MediaConfig, EngineError> {
    let bind = config
        .media_bind
        .parse()
        .map_err(|_| EngineError::Address {
            address: config.media_bind.clone(),
        })?;
    Ok(MediaConfig {
        bind,
        addresses: config.media_addresses.clone(),
        shards: config.shards,
        limits: config.media,
        pinning: config.pinning,
    })
}

async fn listen(address: &str) -> Result<TcpListener, EngineError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| EngineError::Bind {
            address: address.to_owned(),
            error,
        })
}

fn origins(texts: &[String]) -> Result<Vec<HeaderValue>, EngineError> {
    let parse = |origin: &String| {
        HeaderValue::from_str(origin).map_err(|_| EngineError::Origin {
            origin: origin.clone(),
        })
    };
    texts.iter().map(parse).collect()
}
