//! The way to a shard's thread: a bounded queue, and a bell.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::{Sender, TrySendError};
use palabre_core::stun::is_stun;

use crate::EventFd;
use crate::command::Command;
use crate::counters::Counters;
use crate::parcels::Parcels;
use crate::udp::Arrival;

/// Datagrams take half of a queue at most: the rest is for those who decide.
const DATAGRAMS: usize = 2;
/// And checks a quarter, as anybody can send them: all else that is handed over came from an address that has proven itself.
const CHECKS: usize = 4;

/// How to reach a shard's thread.
#[derive(Clone)]
pub(crate) struct Door {
    commands: Sender<Command>,
    wake: Arc<EventFd>,
    parcels: Parcels,
}

impl Door {
    pub fn new(commands: Sender<Command>, wake: Arc<EventFd>) -> Self {
        Self {
            commands,
            wake,
            parcels: Parcels::new(),
        }
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

    /// A datagram that was handed over has been dealt with.
    pub fn give_back(&self, bytes: Vec<u8>) {
        self.parcels.give_back(bytes);
    }

    /// Whether the part of the queue that such a datagram may take is taken.
    fn is_crowded(&self, datagram: &[u8]) -> bool {
        let part = if is_stun(datagram) { CHECKS } else { DATAGRAMS };
        let most = self.commands.capacity().unwrap_or(usize::MAX);
        self.commands.len() >= most / part
    }
}

/// A sibling whose queue is crowded loses the datagram, as a full socket buffer would, and that is counted as well.
pub(crate) fn hand_over(
    sibling: &Door,
    arrival: Arrival,
    datagram: &[u8],
    came_to: u8,
    counters: &Counters,
) {
    let command = |bytes| Command::Datagram {
        arrival,
        bytes,
        came_to,
    };
    let taken = !sibling.is_crowded(datagram)
        && sibling
            .send(command(sibling.parcels.pack(datagram)))
            .is_ok();
    let count = if taken {
        &counters.handed_over
    } else {
        &counters.dropped_crowded
    };
    count.fetch_add(1, Ordering::Relaxed);
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
        let counters = Counters::default();
        (0..100).for_each(|_| hand_over(&door, arrival(), b"flood", 0, &counters));
        assert_eq!(counters.handed_over.load(Ordering::Relaxed), 5);
        for _ in 0..5 {
            assert!(door.send(Command::Stop).is_ok());
        }
        assert_eq!(commands.len(), 10);
    }

    #[test]
    fn a_flood_of_checks_leaves_a_quarter_of_the_queue_to_those_who_have_proven_their_address() {
        let (sender, commands) = bounded(100);
        let door = Door::new(sender, Arc::new(EventFd::new().unwrap()));
        let counters = Counters::default();
        let check = palabre_core::stun::write_binding_request(
            &palabre_core::stun::BindingRequest {
                transaction: [7; 12],
                username: "anybody:nobody",
                priority: 1,
                tie_breaker: 1,
                use_candidate: true,
            },
            "guessed",
        );
        (0..100).for_each(|_| hand_over(&door, arrival(), &check, 0, &counters));
        assert_eq!(commands.len(), 25);
        (0..100).for_each(|_| hand_over(&door, arrival(), b"voice", 0, &counters));
        assert_eq!(commands.len(), 50);
    }

    #[test]
    fn a_datagram_whose_shard_is_crowded_or_gone_is_counted_as_dropped() {
        let (sender, commands) = bounded(10);
        let door = Door::new(sender, Arc::new(EventFd::new().unwrap()));
        let counters = Counters::default();
        let dropped = || {
            let all = crate::counters::metrics(std::iter::once(&counters));
            let crowded = "media_datagrams_dropped{why=\"crowded\"}";
            all.iter().find(|(name, _)| name == crowded).unwrap().1
        };
        (0..12).for_each(|_| hand_over(&door, arrival(), b"voice", 0, &counters));
        assert_eq!(dropped(), 7.0);
        drop(commands);
        hand_over(&door, arrival(), b"voice", 0, &counters);
        assert_eq!(dropped(), 8.0);
    }

    #[test]
    fn handing_datagrams_over_allocates_nothing_once_as_many_have_come_back() {
        let (sender, commands) = bounded(1_000);
        let door = Door::new(sender, Arc::new(EventFd::new().unwrap()));
        let counters = Counters::default();
        let turn = |len: usize| {
            (0..100).for_each(|_| hand_over(&door, arrival(), &[7; 1_200][..len], 0, &counters));
            while let Ok(Command::Datagram { bytes, .. }) = commands.try_recv() {
                assert_eq!(bytes.len(), len);
                door.give_back(bytes);
            }
        };
        turn(50);
        let before = crate::counting::allocations();
        [100, 1_200, 60].into_iter().for_each(turn);
        assert_eq!(crate::counting::allocations(), before);
        assert_eq!(counters.handed_over.load(Ordering::Relaxed), 400);
    }

    fn arrival() -> Arrival {
        Arrival {
            path: palabre_core::ice::Path::to("192.0.2.1:9".parse().unwrap()),
            at: Instant::now(),
        }
    }
}
