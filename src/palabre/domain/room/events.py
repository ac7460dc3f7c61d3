"""Facts: what happened in a room, as the event log keeps it. Each makes the version one higher.

They know accounts and actors, so they stay in the house; `views` makes what clients see.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from palabre.domain.ids import AccountId, ChatId, ParticipantId, RecordingId, RoomId
from palabre.domain.room.participant import Hand, Mic, Participant
from palabre.domain.room.state import HandsPolicy


@dataclass(frozen=True, slots=True)
class RoomStarted:
    room: RoomId
    chat: ChatId
    title: str
    by: AccountId
    at: datetime
    join_muted: bool
    hands: HandsPolicy
    capacity: int


@dataclass(frozen=True, slots=True)
class TitleChanged:
    title: str
    by: AccountId


@dataclass(frozen=True, slots=True)
class HandsPolicyChanged:
    hands: HandsPolicy
    by: AccountId


@dataclass(frozen=True, slots=True)
class JoinMutedChanged:
    join_muted: bool
    by: AccountId


@dataclass(frozen=True, slots=True)
class Joined:
    participant: Participant


@dataclass(frozen=True, slots=True)
class Left:
    who: ParticipantId


@dataclass(frozen=True, slots=True)
class Removed:
    who: ParticipantId
    by: AccountId
    until: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Expelled:
    who: ParticipantId


@dataclass(frozen=True, slots=True)
class MicChanged:
    """The participant's own doing: LIVE or MUTED."""

    who: ParticipantId
    mic: Mic


@dataclass(frozen=True, slots=True)
class Muted:
    """By a manager. `mic` is MUTED when the target is a manager too, else MUTED_BY_MANAGER."""

    who: ParticipantId
    mic: Mic
    by: AccountId


@dataclass(frozen=True, slots=True)
class Allowed:
    """Becomes muted but allowed to speak; lowers the hand."""

    who: ParticipantId
    by: AccountId


@dataclass(frozen=True, slots=True)
class AllMuted:
    """Every non-manager in the room becomes muted by manager."""

    by: AccountId


@dataclass(frozen=True, slots=True)
class HandRaised:
    who: ParticipantId
    hand: Hand


@dataclass(frozen=True, slots=True)
class HandLowered:
    who: ParticipantId
    by: AccountId


@dataclass(frozen=True, slots=True)
class StandingChanged:
    """A new manager may speak at once; one who is no manager any more keeps the right to speak."""

    who: ParticipantId
    member: bool
    manager: bool


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    recording: RecordingId
    title: str
    by: AccountId
    at: datetime


@dataclass(frozen=True, slots=True)
class RecordingStopped:
    recording: RecordingId


@dataclass(frozen=True, slots=True)
class RoomEnded:
    """`by` is None when the room ended because nobody was in it."""

    at: datetime
    by: AccountId | None


Change: TypeAlias = (
    TitleChanged
    | HandsPolicyChanged
    | JoinMutedChanged
    | Joined
    | Left
    | Removed
    | Expelled
    | MicChanged
    | Muted
    | Allowed
    | AllMuted
    | HandRaised
    | HandLowered
    | StandingChanged
    | RecordingStarted
    | RecordingStopped
    | RoomEnded
)
"""What can happen to a room that exists."""

Changes: TypeAlias = tuple[Change, ...]

Event: TypeAlias = RoomStarted | Change
