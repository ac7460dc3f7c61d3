//! Who is speaking: from the media threads to the event streams.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use palabre_core::shard::{ParticipantId, RoomId};
use palabre_net::SpeakingHook;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::hub::Hub;

/// Who is speaking changes a room's streams no more often than this.
const SPEAKING_EVERY: Duration = Duration::from_millis(100);

/// From the shards' threads to the streams, without holding a shard up: the newest set of each room waits, and those
/// that wait are told together, ten times a second at most.
pub(super) fn hook(runtime: &Runtime, hub: &Arc<Hub>) -> SpeakingHook {
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
