"""What the engine reports of live rooms, in batches."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeAlias

from palabre.domain.ids import ParticipantId, RecordingId, RoomId


class Door(StrEnum):
    """The ways into a room: speaking, listening, following events."""

    WHIP = "whip"
    WHEP = "whep"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Connected:
    """A door opened. A session that takes the place of another at the same door is no news."""

    room: RoomId
    participant: ParticipantId
    door: Door


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A door that was reported as open closed; not when `Media.remove` or `close_room` did it."""

    room: RoomId
    participant: ParticipantId
    door: Door
    reason: str


@dataclass(frozen=True, slots=True)
class StartedSpeaking:
    """The participant's voice is heard in the room now."""

    room: RoomId
    participant: ParticipantId


@dataclass(frozen=True, slots=True)
class SnapshotWanted:
    """Somebody waits at the event door, and the engine has no snapshot for this kind of viewer."""

    topic: str
    view: str


@dataclass(frozen=True, slots=True)
class RecordingFinished:
    """The file is complete on disk."""

    room: RoomId
    recording: RecordingId
    path: Path
    duration_ms: int


@dataclass(frozen=True, slots=True)
class RecordingFailed:
    """Recording ended by itself; what was written before is on disk."""

    room: RoomId
    recording: RecordingId
    reason: str


RoomMediaEvent: TypeAlias = Connected | Disconnected | StartedSpeaking | SnapshotWanted
RecordingEvent: TypeAlias = RecordingFinished | RecordingFailed
MediaEvent: TypeAlias = RoomMediaEvent | RecordingEvent


class OnRoomMedia(Protocol):
    """Who follows what happens at the doors."""

    async def handle(self, event: RoomMediaEvent) -> None: ...


class OnRecording(Protocol):
    """Who delivers recordings."""

    async def handle(self, event: RecordingEvent) -> None: ...
