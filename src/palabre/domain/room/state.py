"""What a room is at one version. Frozen: `evolve` makes the next one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from palabre.domain.frozen_map import FrozenMap
from palabre.domain.ids import AccountId, ChatId, ParticipantId, RecordingId, RoomId
from palabre.domain.room.participant import Participant
from palabre.domain.room.people import People

TITLE_MAX = 64
QUESTION_MAX = 140
REASON_MAX = 140


class HandsPolicy(StrEnum):
    """Who may raise a hand."""

    EVERYONE = "everyone"
    MEMBERS = "members"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who wishes something: an account with what it is in the room's chat at this moment."""

    account: AccountId
    member: bool
    manager: bool
    """Its rights in the chat include `manage_rooms`."""


@dataclass(frozen=True, slots=True)
class Recording:
    id: RecordingId
    title: str
    started_by: AccountId
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Removal:
    """Keeps an account, under any persona, out of the room: for good, or until a time."""

    until: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Room:
    """`version` counts the events so far: +1 each, without gaps."""

    id: RoomId
    chat: ChatId
    version: int
    title: str
    started_by: AccountId
    started_at: datetime
    join_muted: bool
    """Later entries may not speak at first; people already in keep what they have."""
    hands: HandsPolicy
    capacity: int
    """How many participants it holds. Managers always find a place."""
    ended_at: datetime | None = None
    recording: Recording | None = None
    people: People = field(default_factory=People)
    silenced: frozenset[AccountId] = frozenset()
    """Muted by a manager and not allowed since: leaving and entering again does not undo it."""
    removed: Mapping[AccountId, Removal] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def live(self) -> bool:
        return self.ended_at is None

    @property
    def participants(self) -> FrozenMap[ParticipantId, Participant]:
        return self.people.by_id

    def of(self, account: AccountId) -> Participant | None:
        """The participant `account` is in this room, if it is in."""
        found = self.people.by_account.get(account)
        return None if found is None else self.people.by_id[found]
