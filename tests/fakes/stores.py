"""Stores in memory, with the promises of the ports and nothing else."""

import asyncio
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from palabre.domain.ids import BlobId, ChatId, RecordingId, RoomId
from palabre.rooms.ports import (
    EventRecord,
    OpenRecording,
    RoomAlreadyLive,
    RoomHead,
    StateRecord,
    StoredRoom,
    VersionConflict,
)


class MemoryRooms:
    """RoomStore. `outrun` is called before each append: a test lets another process be first there."""

    def __init__(self) -> None:
        self.logs: dict[RoomId, list[EventRecord]] = {}
        self.states: dict[RoomId, StateRecord] = {}
        self.heads: dict[RoomId, RoomHead] = {}
        self.outrun = lambda: None
        self.told: Container[tuple[str, str]] = ()

    async def load(self, room: RoomId) -> StoredRoom | None:
        if room not in self.logs:
            return None
        state = self.states.get(room)
        return StoredRoom(state, self.logs[room][0 if state is None else state.version :])

    async def version(self, room: RoomId) -> int | None:
        return len(self.logs[room]) if room in self.logs else None

    async def append(
        self, head: RoomHead, after: int, events: Sequence[EventRecord], state: StateRecord | None
    ) -> None:
        self.outrun()
        log = self.logs.get(head.room, [])
        if len(log) != after:
            raise VersionConflict
        if head.live and await self.live_room_of(head.chat) not in (None, head.room):
            raise RoomAlreadyLive
        self.logs[head.room] = [*log, *events]
        self.heads[head.room] = head
        if state is not None:
            self.states[head.room] = state

    async def live_room_of(self, chat: ChatId) -> RoomId | None:
        return next((h.room for h in self.heads.values() if h.live and h.chat == chat), None)

    async def live_rooms_of(self, chats: Sequence[ChatId]) -> Mapping[ChatId, RoomId]:
        return {h.chat: h.room for h in self.heads.values() if h.live and h.chat in chats}

    async def untold(self) -> Sequence[RoomId]:
        last = {head.room: "room_started" if head.live else "room_ended" for head in self.heads.values()}
        return [room for room, kind in last.items() if (kind, room) not in self.told]

    async def live_rooms(self) -> Sequence[RoomId]:
        return [head.room for head in self.heads.values() if head.live]


class MemoryRecordings:
    """Recordings."""

    def __init__(self) -> None:
        self.known: dict[RecordingId, OpenRecording] = {}
        self.closed: set[RecordingId] = set()

    async def open(self, recording: OpenRecording) -> None:
        self.known.setdefault(recording.id, recording)

    async def get(self, recording: RecordingId) -> OpenRecording | None:
        return None if recording in self.closed else self.known.get(recording)

    async def undelivered(self) -> Sequence[OpenRecording]:
        return [r for r in self.known.values() if r.id not in self.closed]

    async def close(self, recording: RecordingId) -> None:
        self.closed.add(recording)


class MemoryBlobs:
    """Blobs. With `full`, keeping fails as a full disk does."""

    def __init__(self) -> None:
        self.kept: dict[BlobId, bytes] = {}
        self.full = False

    async def put_file(self, blob: BlobId, path: Path) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.kept[blob] = await asyncio.to_thread(path.read_bytes)
