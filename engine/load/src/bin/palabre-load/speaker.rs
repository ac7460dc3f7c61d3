//! The speaker beside a crowd: says speech and knows when each frame went out.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use clap::Args;
use palabre_load::lean::{Crowd, delay};
use palabre_load::{Door, Fleet, LoadError, Plan, Speech};
use serde_json::{Map, Value, json};

use crate::report::percentiles;

const CONNECT_PATIENCE: Duration = Duration::from_secs(20);

/// Who speaks.
#[derive(Args)]
pub struct SpeakerArgs {
    /// A speaker joins here too: how long its frames take to the last listener is measured.
    #[arg(long, requires_all = ["whip_token", "speech"])]
    whip: Option<String>,
    /// The speaker's bearer token.
    #[arg(long)]
    whip_token: Option<String>,
    /// A WAV file to say, again and again; may be given several times.
    #[arg(long)]
    speech: Vec<PathBuf>,
}

/// A speaker on a thread of its own; it stops when this is dropped.
pub struct Speaker {
    speech: Arc<Speech>,
    sent_ns: Arc<Mutex<Vec<u64>>>,
    over: Arc<AtomicBool>,
}

impl Speaker {
    /// Begins to speak; `None` when nobody is to.
    pub fn start(arguments: &SpeakerArgs, server: IpAddr) -> Result<Option<Self>, LoadError> {
        let (Some(whip), Some(token)) = (&arguments.whip, &arguments.whip_token) else {
            return Ok(None);
        };
        let speaker = Self {
            speech: Arc::new(Speech::from_wavs(&arguments.speech)?),
            sent_ns: Arc::default(),
            over: Arc::default(),
        };
        let mut fleet = Fleet::new(server)?;
        let plan = Plan::speak(speaker.speech.clone()).repeating();
        let id = fleet.join(&Door::new(whip, token), plan)?;
        if !fleet.run_until(CONNECT_PATIENCE, |f| f.client(id).is_connected()) {
            return Err(LoadError::NotConnected {
                after: CONNECT_PATIENCE,
            });
        }
        let (sent_ns, over) = (speaker.sent_ns.clone(), speaker.over.clone());
        thread::spawn(move || {
            // A late frame would only measure the generator; without the right to run first it is a little late.
            palabre_load::cpu::run_first();
            while !over.load(Ordering::Relaxed) {
                fleet.turn(Duration::from_millis(50));
                let sent = fleet.client(id).talk().map(|talk| talk.sent_at_ns());
                let mut log = sent_ns.lock().unwrap_or_else(PoisonError::into_inner);
                let known = log.len();
                log.extend_from_slice(sent.and_then(|sent| sent.get(known..)).unwrap_or_default());
            }
        });
        Ok(Some(speaker))
    }

    /// How long frames took, for the events `joined` and `measured`.
    pub fn figures(&self, crowd: &Crowd) -> Result<Map<String, Value>, LoadError> {
        let sent_ns = self.sent_ns.lock().unwrap_or_else(PoisonError::into_inner);
        let delay = delay::measure_all(&self.speech, &sent_ns, crowd.ears(), crowd.lateness())?;
        let mut figures = Map::new();
        figures.insert("frames_found".into(), json!(delay.last_ms.len()));
        figures.insert("forwarded".into(), json!(delay.forwarded));
        figures.insert(
            "frame_to_first_listener_ms".into(),
            percentiles(delay.first_ms),
        );
        figures.insert(
            "frame_to_last_listener_ms".into(),
            percentiles(delay.last_ms),
        );
        Ok(figures)
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
