//! The whole engine: what Python holds.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use palabre_core::shard::{ParticipantId, RoomId};
use palabre_net::{EngineEvent, EventQueue};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::http::limits::{Addresses, HttpLimits};
use crate::http::{App, router, server};
use crate::hub::Hub;
use crate::ticket::Tickets;

/// Events kept for Python. Beyond that they are dropped and counted: Python has then been away for minutes.
const EVENT_QUEUE: usize = 100_000;
/// Answers under way may take so long to be written when the server stops.
const SHUTDOWN_WITHIN: Duration = Duration::from_secs(2);

/// How the engine is set up; fixed for its life.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// `address:port` of the HTTP doors; port 0 takes any free one.
    pub edge_bind: String,
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
    #[error("{origin:?} is not an origin. Write it as https://host.")]
    Origin { origin: String },
    #[error("The engine cannot start its threads: {0}")]
    Threads(#[from] io::Error),
}

/// Doors, streams and media, on threads of their own.
pub struct Engine {
    hub: Arc<Hub>,
    events: Arc<EventQueue>,
    edge_address: SocketAddr,
    runtime: Option<Runtime>,
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
        let app = App {
            hub: Arc::clone(&hub),
            tickets: Arc::new(Tickets::new(&config.ticket_key)),
        };
        // One thread: signalling and copying bytes to readers; media has its own.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("palabre-edge")
            .enable_all()
            .build()?;
        let listener = runtime.block_on(listen(&config.edge_bind))?;
        let edge_address = listener.local_addr()?;
        let addresses = Arc::new(Addresses::new(config.http));
        runtime.spawn(server::serve(
            listener,
            router(app, &origins),
            addresses,
            config.http.connections,
        ));
        Ok(Self {
            hub,
            events,
            edge_address,
            runtime: Some(runtime),
        })
    }

    /// Where the doors are.
    #[must_use]
    pub fn edge_address(&self) -> SocketAddr {
        self.edge_address
    }

    /// What happened since the last call, and an eventfd that tells when to call.
    #[must_use]
    pub fn events(&self) -> &Arc<EventQueue> {
        &self.events
    }

    /// Takes what happened.
    pub fn drain(&self) -> impl Iterator<Item = EngineEvent> + use<> {
        self.events.drain().into_iter()
    }

    /// The event streams.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Makes a room that participants can be admitted to.
    pub fn open_room(&self, room: &RoomId) {
        self.hub.open_room(room);
    }

    /// Ends a room: everybody reads `code` in a `bye`, and all sound stops.
    pub fn close_room(&self, room: &RoomId, code: &str) {
        self.hub.close_room(room, code);
    }

    /// Lets a participant in, or changes what it may do; acts within one packet.
    pub fn admit(&self, room: &RoomId, participant: &ParticipantId, view: &str) {
        self.hub.admit(room, participant, view);
    }

    /// Ends a participant's sound and events; its tickets open nothing from now on.
    pub fn remove(&self, room: &RoomId, participant: &ParticipantId, code: &str) {
        self.hub.remove(room, participant, code);
    }

    /// Stops everything and waits for it; calling it again does nothing.
    pub fn shutdown(&mut self) {
        self.hub.close_all();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(SHUTDOWN_WITHIN);
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shutdown();
    }
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
