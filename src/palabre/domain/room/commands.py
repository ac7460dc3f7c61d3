"""Wishes: what somebody, or time itself, wants of a room. `decide` answers with events or a refusal."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from palabre.domain.ids import AccountId, ChatId, Csrc, ParticipantId, RecordingId, RoomId
from palabre.domain.personas import Persona
from palabre.domain.room.participant import Mic
from palabre.domain.room.state import Actor, HandsPolicy


@dataclass(frozen=True, slots=True)
class StartRoom:
    """The one command without a room yet: `decide.start` takes it. `live_room` is the chat's present room."""

    by: Actor
    room: RoomId
    chat: ChatId
    title: str
    join_muted: bool
    capacity: int
    live_room: RoomId | None


@dataclass(frozen=True, slots=True)
class ChangeTitle:
    by: Actor
    title: str


@dataclass(frozen=True, slots=True)
class SetHandsPolicy:
    by: Actor
    hands: HandsPolicy


@dataclass(frozen=True, slots=True)
class SetJoinMuted:
    by: Actor
    join_muted: bool


@dataclass(frozen=True, slots=True)
class Join:
    """`participant` and `csrc` are new and random; unused when the account is in under this persona."""

    by: Actor
    persona: Persona
    participant: ParticipantId
    csrc: Csrc


@dataclass(frozen=True, slots=True)
class Leave:
    """By wish, or because no door of the participant was open for the time of grace."""

    account: AccountId


@dataclass(frozen=True, slots=True)
class SetMic:
    """The account's own microphone: LIVE or MUTED."""

    account: AccountId
    mic: Mic


@dataclass(frozen=True, slots=True)
class RaiseHand:
    by: Actor
    question: str | None


@dataclass(frozen=True, slots=True)
class LowerHand:
    """The own hand, or anyone's for a manager."""

    by: Actor
    who: ParticipantId


@dataclass(frozen=True, slots=True)
class Mute:
    by: Actor
    who: ParticipantId


@dataclass(frozen=True, slots=True)
class Allow:
    """Lets a participant open its microphone. It never opens it."""

    by: Actor
    who: ParticipantId


@dataclass(frozen=True, slots=True)
class MuteAll:
    by: Actor


@dataclass(frozen=True, slots=True)
class Remove:
    """From the room only, under any persona; `until` None means for good."""

    by: Actor
    who: ParticipantId
    until: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class StartRecording:
    by: Actor
    recording: RecordingId
    title: str


@dataclass(frozen=True, slots=True)
class StopRecording:
    by: Actor


@dataclass(frozen=True, slots=True)
class LoseRecording:
    """The engine says that `recording` ended by itself (disk full…)."""

    recording: RecordingId


@dataclass(frozen=True, slots=True)
class ResumeRecording:
    """After a restart the recording goes on in a new file, with a new id."""

    recording: RecordingId


@dataclass(frozen=True, slots=True)
class ChangeStanding:
    """The chat changed what `actor` is in it: rights given or taken."""

    actor: Actor


@dataclass(frozen=True, slots=True)
class Expel:
    """The chat banned or dropped the account; the room follows."""

    account: AccountId


@dataclass(frozen=True, slots=True)
class EndRoom:
    by: Actor


@dataclass(frozen=True, slots=True)
class EndIfEmpty:
    """Nobody has been in the room for the configured time."""


Command: TypeAlias = (
    ChangeTitle
    | SetHandsPolicy
    | SetJoinMuted
    | Join
    | Leave
    | SetMic
    | RaiseHand
    | LowerHand
    | Mute
    | Allow
    | MuteAll
    | Remove
    | StartRecording
    | StopRecording
    | LoseRecording
    | ResumeRecording
    | ChangeStanding
    | Expel
    | EndRoom
    | EndIfEmpty
)
