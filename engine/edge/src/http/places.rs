//! How many connections this process has descriptors for, and how many of them may stay as event streams.

use std::io;

use super::limits::HttpLimits;

/// One descriptor in so many is left to the rest of the server: the API's connections, the database, recordings.
const FOR_OTHERS: usize = 4;
/// One connection in so many is never an event stream. When there is no room for another stream, whoever asks for one
/// still has to be told so, and whoever asks for sound, health or metrics to be answered.
const FOR_ANSWERS: usize = 8;

/// What the doors may hold open at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    pub connections: usize,
    /// Event streams among them.
    pub streams: usize,
}

impl Places {
    /// For a process that may open so many files.
    #[must_use]
    pub fn within(open_files: usize) -> Self {
        let ours = open_files - open_files.div_ceil(FOR_OTHERS);
        let connections = ours.min(HttpLimits::default().connections);
        Self {
            connections,
            streams: connections - connections.div_ceil(FOR_ANSWERS),
        }
    }

    /// For this process, with the limit that it has now (getrlimit(2)).
    ///
    /// # Errors
    /// When the kernel does not tell the limit.
    pub fn of_this_process() -> io::Result<Self> {
        let mut limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: the kernel writes into a structure that lives for the call.
        if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // No limit at all is the largest number.
        Ok(Self::within(
            usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_end_before_connections_and_connections_before_descriptors() {
        for open_files in [4, 64, 1_024, 20_000, 65_536, 1 << 20, usize::MAX] {
            let Places {
                connections,
                streams,
            } = Places::within(open_files);
            assert!(streams < connections, "{open_files}");
            assert!(connections < open_files, "{open_files}");
        }
        let none = Places {
            connections: 0,
            streams: 0,
        };
        assert_eq!(Places::within(0), none);
    }

    #[test]
    fn twenty_thousand_listeners_have_streams_where_the_system_grants_the_files() {
        assert!(Places::within(32_768).streams >= 20_000);
        assert_eq!(Places::within(200_000).streams, 43_750);
    }
}
