//! One reader's place in the hub.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::Problem;
use crate::hub::{Hub, Next, Outbox, Reader, ReaderKey, frame};

/// Proxies close what is silent for longer; NATs forget it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// An open stream; dropping it closes it.
pub struct Subscription {
    hub: Arc<Hub>,
    topic: Box<str>,
    key: ReaderKey,
    outbox: Arc<Outbox>,
}

impl Subscription {
    pub fn open(hub: Arc<Hub>, reader: &Reader<'_>) -> Result<Self, Problem> {
        let (key, outbox) = hub.connect(reader)?;
        Ok(Self {
            hub,
            topic: reader.topic.into(),
            key,
            outbox,
        })
    }

    /// What is to be written next; None when the stream is over.
    pub async fn next(&self) -> Option<Bytes> {
        loop {
            match tokio::time::timeout(KEEP_ALIVE, self.outbox.next()).await {
                Ok(Next::Send(frame)) => return Some(frame),
                Ok(Next::Resync) => self.hub.resync(&self.topic, self.key),
                Ok(Next::End) => return None,
                Err(_idle) => {
                    self.hub.remind(&self.topic, self.key);
                    return Some(frame::keep_alive());
                }
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.disconnect(&self.topic, self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use palabre_net::EventQueue;

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_is_kept_alive_and_python_reminded() {
        let events = Arc::new(EventQueue::new(10).unwrap());
        let hub = Arc::new(Hub::new(Arc::clone(&events), 10));
        let reader = Reader {
            topic: "chat:c",
            view: "member",
            participant: None,
            last_event_id: None,
        };
        let subscription =
            Subscription::open(hub, &reader).unwrap_or_else(|problem| panic!("{problem:?}"));
        let started = tokio::time::Instant::now();
        assert_eq!(subscription.next().await, Some(frame::keep_alive()));
        assert_eq!(started.elapsed(), KEEP_ALIVE);
        assert_eq!(events.drain().len(), 2);
    }
}
