//! Recordings to disk, on a thread of their own: a slow disk must not hold up anybody's voice.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use palabre_core::shard::{RecordingId, RoomId};

use crate::{EngineEvent, EventQueue};

/// Pages on their way to disk: minutes of one recording. What does not fit makes its recording fail.
const QUEUE: usize = 4_096;

pub(crate) enum Job {
    Open {
        room: RoomId,
        recording: RecordingId,
        path: PathBuf,
    },
    Append {
        recording: RecordingId,
        page: Box<[u8]>,
    },
    Close {
        recording: RecordingId,
        /// None when the recording has failed, and Python knows.
        duration_ms: Option<u64>,
    },
    Stop,
}

/// The writing thread's queue.
#[derive(Clone)]
pub(crate) struct Writer(Sender<Job>);

struct Open {
    room: RoomId,
    path: PathBuf,
    file: File,
}

impl Writer {
    pub fn start(events: Arc<EventQueue>) -> io::Result<(Self, JoinHandle<()>)> {
        let (sender, jobs) = bounded(QUEUE);
        let thread = std::thread::Builder::new()
            .name("palabre-disk".into())
            .spawn(move || run(&jobs, &events))?;
        Ok((Self(sender), thread))
    }

    /// Never blocks; false when the disk is too far behind.
    pub fn send(&self, job: Job) -> bool {
        match self.0.try_send(job) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// Waits for room in the queue: everything before it is written first.
    pub fn stop(&self) {
        if self.0.send(Job::Stop).is_err() {
            tracing::debug!("The recordings' thread had ended already.");
        }
    }
}

fn run(jobs: &Receiver<Job>, events: &EventQueue) {
    let mut open: HashMap<RecordingId, Open> = HashMap::new();
    while let Ok(job) = jobs.recv() {
        match job {
            Job::Open {
                room,
                recording,
                path,
            } => begin(&mut open, room, recording, path, events),
            Job::Append { recording, page } => {
                let failed = open
                    .get_mut(&recording)
                    .and_then(|file| append(&mut file.file, &page).err());
                if let Some(error) = failed
                    && let Some(file) = open.remove(&recording)
                {
                    fail(file.room, recording, &error.to_string(), events);
                }
            }
            Job::Close {
                recording,
                duration_ms,
            } => {
                if let (Some(file), Some(duration_ms)) = (open.remove(&recording), duration_ms) {
                    finish(file, recording, duration_ms, events);
                }
            }
            Job::Stop => return,
        }
    }
}

fn begin(
    open: &mut HashMap<RecordingId, Open>,
    room: RoomId,
    recording: RecordingId,
    path: PathBuf,
    events: &EventQueue,
) {
    match OpenOptions::new().append(true).create_new(true).open(&path) {
        Ok(file) => {
            open.insert(recording, Open { room, path, file });
        }
        Err(error) => fail(
            room,
            recording,
            &format!("{}: {error}", path.display()),
            events,
        ),
    }
}

/// On disk, not only in the kernel: a machine that loses power loses at most the last second.
fn append(file: &mut File, page: &[u8]) -> io::Result<()> {
    file.write_all(page)?;
    file.sync_data()
}

fn finish(file: Open, recording: RecordingId, duration_ms: u64, events: &EventQueue) {
    match file.file.sync_all() {
        Ok(()) => {
            events.push(EngineEvent::RecordingStopped {
                room: file.room,
                recording,
                path: file.path,
                duration_ms,
            });
        }
        Err(error) => fail(file.room, recording, &error.to_string(), events),
    }
}

fn fail(room: RoomId, recording: RecordingId, reason: &str, events: &EventQueue) {
    events.push(EngineEvent::RecordingFailed {
        room,
        recording,
        reason: reason.to_owned(),
    });
}
