"""What live rooms need from the world, each a small Protocol named by its role.

Adapters and the scripted fakes of the tests satisfy them; nothing here knows which.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from palabre.domain.chats import ChatKind
from palabre.domain.ids import AccountId, BlobId, ChatId, Csrc, ParticipantId, RecordingId, RoomId
from palabre.domain.room.state import Actor
from palabre.domain.room.views import Viewer

Json = dict[str, Any]


# ── what is kept ────────────────────────────────────────────────────────────────────────────────────────


class VersionConflict(Exception):
    """Another writer appended after the same version first. Load again and decide anew."""


class RoomAlreadyLive(Exception):
    """The chat has another live room: the store keeps at most one per chat."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One event as the log keeps it: a stable type name and JSON data (see `codec`)."""

    type: str
    data: Json


@dataclass(frozen=True, slots=True)
class StateRecord:
    """The room's whole state at `version` as JSON text, so that loading need not replay everything."""

    version: int
    data: str


@dataclass(frozen=True, slots=True)
class StoredRoom:
    """The newest state snapshot, if any, and every event after it in order."""

    state: StateRecord | None
    tail: Sequence[EventRecord]


@dataclass(frozen=True, slots=True)
class RoomHead:
    """What the store itself has to know of a room, for its indexes."""

    room: RoomId
    chat: ChatId
    live: bool


class RoomStore(Protocol):
    """An append-only event log per room; (room, version) is unique, so `append` is a compare-and-set."""

    async def load(self, room: RoomId) -> StoredRoom | None: ...

    async def version(self, room: RoomId) -> int | None:
        """The room's newest version, cheaply; None when there is no such room."""
        ...

    async def append(
        self, head: RoomHead, after: int, events: Sequence[EventRecord], state: StateRecord | None
    ) -> None:
        """Writes `events` as versions after+1, after+2…, and `state` when one is given, in one transaction.

        Raises VersionConflict when version after+1 exists; RoomAlreadyLive when `head.live` and the chat has
        another live room.
        """
        ...

    async def live_room_of(self, chat: ChatId) -> RoomId | None: ...

    async def live_rooms_of(self, chats: Sequence[ChatId]) -> Mapping[ChatId, RoomId]:
        """The same for many chats at once; those without a live room are left out."""
        ...

    async def live_rooms(self) -> Sequence[RoomId]: ...

    async def untold(self) -> Sequence[RoomId]:
        """Rooms that began or ended without their chat being told (see `ChatLog`): the server died between."""
        ...


@dataclass(frozen=True, slots=True)
class OpenRecording:
    """A recording that was begun and is not yet delivered. `room_title` names it when `title` is empty."""

    id: RecordingId
    room: RoomId
    chat: ChatId
    starter: AccountId
    title: str
    started_at: datetime


class Recordings(Protocol):
    """Which recordings still wait for their delivery."""

    async def open(self, recording: OpenRecording) -> None:
        """Remembers it; does nothing when it is known (also when it is closed)."""
        ...

    async def get(self, recording: RecordingId) -> OpenRecording | None:
        """None when unknown or closed."""
        ...

    async def undelivered(self) -> Sequence[OpenRecording]: ...

    async def close(self, recording: RecordingId) -> None:
        """Delivered, or empty. Repeating is harmless."""
        ...


class Blobs(Protocol):
    """Files that were finished and stay."""

    async def put_file(self, blob: BlobId, path: Path) -> None:
        """Keeps a copy of the file, durably, before it returns. The same id again replaces the same bytes."""
        ...


# ── the rest of the house ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ChatFacts:
    """What a room takes over from its chat when it starts."""

    kind: ChatKind
    title: str


class Chats(Protocol):
    """What rooms must know of the chats they belong to."""

    async def actor(self, chat: ChatId, account: AccountId) -> Actor:
        """What the account is in the chat now. Raises Refused(CHAT_NOT_FOUND) when it may not see it."""
        ...

    async def facts(self, chat: ChatId) -> ChatFacts: ...


class ChatLog(Protocol):
    """Messages that rooms leave behind, at most once per (room, kind) or recording: safe to repeat.

    No message names an actor: a mask would leak.
    """

    async def room_started(self, chat: ChatId, room: RoomId, title: str, at: datetime) -> None: ...

    async def room_ended(
        self, chat: ChatId, room: RoomId, title: str, at: datetime, duration_s: int
    ) -> None: ...

    async def voice_message(
        self,
        to: AccountId,
        *,
        recording: RecordingId,
        blob: BlobId,
        title: str,
        duration_ms: int,
        waveform: Sequence[int],
        at: datetime,
    ) -> None:
        """Into the account's Saved Messages. `waveform`: 100 levels of 0..31. Durable before it returns."""
        ...

    async def recording_failed(
        self, to: AccountId, *, recording: RecordingId, title: str, reason: str, at: datetime
    ) -> None:
        """A note in the account's Saved Messages that says what happened."""
        ...


class ChatHints(Protocol):
    """Tells a chat's open clients that something is new; they fetch it by HTTP."""

    def room_changed(self, chat: ChatId) -> None: ...

    def messages_changed(self, chat: ChatId) -> None: ...


# ── the engine ──────────────────────────────────────────────────────────────────────────────────────────


class MediaBusy(Exception):
    """The engine's command queue is full. The command was not taken; bring the room in step again later."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What the engine knows of a participant."""

    participant: ParticipantId
    csrc: Csrc
    view: Viewer
    may_speak: bool


class Media(Protocol):
    """Who is heard. Commands are queued in order and never block. The others raise MediaBusy."""

    def open_room(self, room: RoomId) -> None: ...

    def close_room(self, room: RoomId, code: str) -> None: ...

    def admit_all(self, room: RoomId, people: Sequence[Admission]) -> int:
        """Inserts or updates; acts within one packet. How many, from the first on, there was room for."""
        ...

    def remove(self, room: RoomId, participant: ParticipantId, code: str) -> None:
        """Media and events end now; `code` is what the client reads in its `bye`."""
        ...

    def start_recording(self, room: RoomId, recording: RecordingId, title: str, path: Path) -> None:
        """Into the new file `path`, with the title in its tags."""
        ...

    def stop_recording(self, room: RoomId, recording: RecordingId) -> None: ...


class Publisher(Protocol):
    """The event streams: per (topic, view) one snapshot and the changes after it. All raise MediaBusy."""

    def snapshot(self, topic: str, view: str, version: int, data: bytes) -> None: ...

    def publish(self, topic: str, view: str, after: int, version: int, data: bytes) -> None: ...

    def close_topic(self, topic: str) -> None: ...


# ── the machine ─────────────────────────────────────────────────────────────────────────────────────────


class Clock(Protocol):
    """The only teller of time."""

    def now(self) -> datetime:
        """UTC, aware."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class Ids(Protocol):
    """New random names: prefix + 22 base62 characters."""

    def room(self, seed: str | None = None) -> RoomId:
        """With a seed always the same one, as random as the seed."""
        ...

    def participant(self) -> ParticipantId: ...

    def recording(self) -> RecordingId: ...

    def csrc(self) -> Csrc:
        """A random u32, never 0."""
        ...

    def ticket(self) -> str:
        """The `jti` of a ticket."""
        ...
