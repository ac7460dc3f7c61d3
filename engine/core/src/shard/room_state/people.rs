//! The participants of a room and the sessions they have open.

use std::collections::HashMap;

use crate::room::ParticipantKey;
use crate::shard::{Door, LinkKey, ParticipantId};

/// The participants, by both their names.
#[derive(Default)]
pub struct People {
    keys: HashMap<ParticipantId, ParticipantKey>,
    members: HashMap<ParticipantKey, Member>,
    next: u32,
}

/// One participant.
pub struct Member {
    pub id: ParticipantId,
    pub may_speak: bool,
    pub whip: DoorState,
    pub whep: DoorState,
}

/// A participant's session at one door.
#[derive(Default)]
pub struct DoorState {
    pub link: Option<LinkKey>,
    /// Python believes that it is connected.
    pub announced: bool,
}

impl Member {
    pub fn door(&mut self, door: Door) -> &mut DoorState {
        match door {
            Door::Whip => &mut self.whip,
            Door::Whep => &mut self.whep,
        }
    }
}

impl People {
    pub fn key(&self, id: &ParticipantId) -> Option<ParticipantKey> {
        self.keys.get(id).copied()
    }

    pub fn member(&mut self, key: ParticipantKey) -> Option<&mut Member> {
        self.members.get_mut(&key)
    }

    pub fn id(&self, key: ParticipantKey) -> Option<&ParticipantId> {
        self.members.get(&key).map(|member| &member.id)
    }

    /// The participant's key, a new one for a newcomer.
    pub(super) fn enter(&mut self, id: ParticipantId, may_speak: bool) -> ParticipantKey {
        if let Some(key) = self.key(&id) {
            if let Some(member) = self.members.get_mut(&key) {
                member.may_speak = may_speak;
            }
            return key;
        }
        let key = ParticipantKey(self.next);
        self.next += 1;
        let member = Member {
            id: id.clone(),
            may_speak,
            whip: DoorState::default(),
            whep: DoorState::default(),
        };
        self.keys.insert(id, key);
        self.members.insert(key, member);
        key
    }

    pub(super) fn leave(&mut self, id: &ParticipantId) -> Option<(ParticipantKey, Member)> {
        let key = self.keys.remove(id)?;
        Some((key, self.members.remove(&key)?))
    }
}
