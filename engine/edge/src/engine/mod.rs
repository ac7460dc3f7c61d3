//! The whole engine: what Python holds.

mod config;
mod speaking;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use palabre_core::shard::{ParticipantId, RecordingId, RoomId};
use palabre_net::{Busy, Command, EventQueue, Media};
use tokio::runtime::{Builder, Runtime};

use crate::http::entrance::Entrance;
use crate::http::proxies::Proxies;
use crate::http::server::{self, Doors};
use crate::http::{App, router};
use crate::hub::Hub;
use crate::ticket::Tickets;

pub use config::{EngineConfig, EngineError};

/// Events kept for Python. Beyond that they are dropped and counted: Python has then been away for minutes.
const EVENT_QUEUE: usize = 100_000;
/// Answers under way may take so long to be written when the server stops.
const SHUTDOWN_WITHIN: Duration = Duration::from_secs(2);

/// Whoever opens or closes a stream is reported to Python no more often, as whoever connects to a media thread.
const REPORTS_EVERY: Duration = Duration::from_millis(10);

/// What one participant may do from now on.
#[derive(Debug, Clone)]
pub struct Admission {
    pub participant: ParticipantId,
    pub csrc: u32,
    /// Which kind of viewer it is.
    pub view: String,
    pub may_speak: bool,
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
        let origins = config::origins(&config.cors_origins)?;
        // One thread: signalling and copying bytes to readers; media has its own.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("palabre-edge")
            .enable_all()
            .build()?;
        let listener = runtime.block_on(config::listen(&config.edge_bind))?;
        let edge_address = listener.local_addr()?;
        let media = Media::start(
            &config::media_config(config)?,
            &events,
            &speaking::hook(&runtime, &hub),
        )?;
        let reporting = Arc::clone(&hub);
        runtime.spawn(async move { reporting.report(REPORTS_EVERY).await });
        let app = App {
            hub,
            tickets: Arc::new(Tickets::new(&config.ticket_key)),
            media: Arc::new(media),
            events,
            entrance: Arc::new(Entrance::new(config.http)),
            metrics_for: config.metrics_for.as_slice().into(),
        };
        let doors = Doors {
            router: router(app.clone(), &origins),
            entrance: Arc::clone(&app.entrance),
            proxies: Proxies::new(&config.proxies),
        };
        runtime.spawn(server::serve(listener, doors));
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
        let one = Admission {
            participant,
            csrc,
            view: view.to_owned(),
            may_speak,
        };
        match self.admit_all(&room, &[one]) {
            0 => Err(Busy),
            _ => Ok(()),
        }
    }

    /// The same for several; how many of them, from the first on, the engine had room for.
    pub fn admit_all(&self, room: &RoomId, people: &[Admission]) -> usize {
        let commands = people.iter().map(|one| Command::Admit {
            room: room.clone(),
            participant: one.participant.clone(),
            csrc: one.csrc,
            may_speak: one.may_speak,
        });
        let taken = self.app.media.all_to_room(room, commands);
        let admitted = people.iter().take(taken);
        self.app.hub.admit(
            room,
            admitted.map(|one| (&one.participant, one.view.as_str())),
        );
        taken
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
