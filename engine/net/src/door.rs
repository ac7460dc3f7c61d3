//! The way to a shard's thread: a bounded queue, and a bell.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::{Sender, TrySendError};

use crate::EventFd;
use crate::command::Command;
use crate::counters::Counters;
use crate::udp::Arrival;

/// How to reach a shard's thread.
#[derive(Clone)]
pub(crate) struct Door {
    commands: Sender<Command>,
    wake: Arc<EventFd>,
}

impl Door {
    pub fn new(commands: Sender<Command>, wake: Arc<EventFd>) -> Self {
        Self { commands, wake }
    }

    /// Never blocks; gives the command back when the queue is full.
    pub fn send(&self, command: Command) -> Result<(), Command> {
        let sent = self
            .commands
            .try_send(command)
            .map_err(|error| match error {
                TrySendError::Full(command) | TrySendError::Disconnected(command) => command,
            });
        self.wake.signal();
        sent
    }

    /// The same for several, which wake the thread once; how many were taken before the queue was full.
    pub fn send_all(&self, commands: impl Iterator<Item = Command>) -> usize {
        let taken = commands
            .map(|command| self.commands.try_send(command))
            .take_while(Result::is_ok)
            .count();
        self.wake.signal();
        taken
    }

    /// Whether half of the queue is taken: the rest is for those who decide, as anybody can send datagrams.
    fn is_crowded(&self) -> bool {
        let most = self.commands.capacity().unwrap_or(usize::MAX);
        self.commands.len() >= most / 2
    }
}

/// A sibling whose queue is crowded loses the datagram, as a full socket buffer would.
pub(crate) fn hand_over(
    sibling: &Door,
    arrival: Arrival,
    datagram: &[u8],
    came_to: u8,
    counters: &Counters,
) {
    if sibling.is_crowded() {
        return;
    }
    let bytes = Box::from(datagram);
    if sibling
        .send(Command::Datagram {
            arrival,
            bytes,
            came_to,
        })
        .is_ok()
    {
        counters.handed_over.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use crossbeam_channel::bounded;

    use super::*;

    #[test]
    fn of_several_commands_those_that_fit_are_taken() {
        let (sender, commands) = bounded(3);
        let door = Door::new(sender, Arc::new(EventFd::new().unwrap()));
        assert_eq!(door.send_all((0..2).map(|_| Command::Stop)), 2);
        assert_eq!(door.send_all((0..5).map(|_| Command::Stop)), 1);
        assert_eq!(commands.len(), 3);
    }

    #[test]
    fn a_flood_of_datagrams_leaves_half_of_the_queue_to_those_who_decide() {
        let (sender, commands) = bounded(10);
        let door = Door::new(sender, Arc::new(EventFd::new().unwrap()));
        let (counters, from) = (Counters::default(), "192.0.2.1:9".parse().unwrap());
        for _ in 0..100 {
            let arrival = Arrival {
                path: palabre_core::ice::Path::to(from),
                at: Instant::now(),
            };
            hand_over(&door, arrival, b"flood", 0, &counters);
        }
        assert_eq!(counters.handed_over.load(Ordering::Relaxed), 5);
        for _ in 0..5 {
            assert!(door.send(Command::Stop).is_ok());
        }
        assert_eq!(commands.len(), 10);
    }
}
