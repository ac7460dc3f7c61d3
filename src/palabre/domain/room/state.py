"""What a room is at one version. Frozen: `evolve` makes the next one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from palabre.domain.ids import AccountId, ChatId, Csrc, ParticipantId, RecordingId, RoomId
from palabre.domain.personas import Persona

TITLE_MAX = 64
QUESTION_MAX = 140
REASON_MAX = 140


class Mic(StrEnum):
    """The three states of a microphone."""

    MUTED_BY_MANAGER = "muted_by_manager"
    """May not open it."""
    MUTED = "muted"
    """May open it, does not."""
    LIVE = "live"


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
class Hand:
    raised_at: datetime
    question: str | None
    """Seen by managers only."""


@dataclass(frozen=True, slots=True)
class Participant:
    """One account in one room, under one persona."""

    id: ParticipantId
    account: AccountId
    persona: Persona
    csrc: Csrc
    member: bool
    manager: bool
    mic: Mic
    hand: Hand | None
    joined_at: datetime

    @property
    def may_speak(self) -> bool:
        return self.mic is not Mic.MUTED_BY_MANAGER

    @property
    def in_view(self) -> bool:
        """In every snapshot: on the stage, or waiting for it. Other listeners come by the paged list."""
        return self.may_speak or self.hand is not None


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
    participants: Mapping[ParticipantId, Participant] = field(default_factory=lambda: MappingProxyType({}))
    by_account: Mapping[AccountId, ParticipantId] = field(default_factory=lambda: MappingProxyType({}))
    silenced: frozenset[AccountId] = frozenset()
    """Muted by a manager and not allowed since: leaving and entering again does not undo it."""
    removed: Mapping[AccountId, Removal] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def live(self) -> bool:
        return self.ended_at is None

    def of(self, account: AccountId) -> Participant | None:
        """The participant `account` is in this room, if it is in."""
        found = self.by_account.get(account)
        return None if found is None else self.participants[found]
