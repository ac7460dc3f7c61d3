"""The truth of rooms: load → decide → append, with compare-and-set instead of locks between processes."""

from collections.abc import Callable
from dataclasses import dataclass

from palabre.domain.ids import RoomId
from palabre.domain.refusal import Code, Refused
from palabre.domain.room.events import Changes, RoomStarted
from palabre.domain.room.evolve import found, replay
from palabre.domain.room.state import Room
from palabre.rooms.codec import read_room, write_event, write_state
from palabre.rooms.ports import RoomAlreadyLive, RoomHead, RoomStore, VersionConflict

ATTEMPTS = 8
"""So often another process may be first before the wish is refused with VERSION_CONFLICT."""

STATE_EVERY = 64
"""Events between two state snapshots: what loading a room has to replay at most, about."""

CACHED_ROOMS = 1024
"""The cache forgets the room that was loaded first when it is full; loading brings it back."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one wish did: nothing when `events` is empty."""

    before: Room
    after: Room
    events: Changes


class Journal:
    """Rooms by their event logs. The cache is only trusted at the version the store says is the newest."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store
        self._cache: dict[RoomId, Room] = {}

    async def load(self, room: RoomId) -> Room:
        """The room at its newest version. Raises Refused(ROOM_NOT_FOUND)."""
        cached = self._cache.get(room)
        if cached is not None and await self._store.version(room) == cached.version:
            return cached
        stored = await self._store.load(room)
        if stored is None:
            raise Refused(Code.ROOM_NOT_FOUND)
        return self._remember(read_room(stored))

    async def begin(self, event: RoomStarted) -> Room:
        """Writes a new room's first event. Raises Refused(ROOM_ALREADY_LIVE)."""
        room = found(event)
        try:
            await self._store.append(_head(room), 0, [write_event(event)], write_state(room))
        except RoomAlreadyLive as error:
            raise Refused(Code.ROOM_ALREADY_LIVE) from error
        return self._remember(room)

    async def commit(self, room: RoomId, decide: Callable[[Room], Changes]) -> Step:
        """Asks `decide` about the newest version until its answer is written. Raises Refused."""
        for _ in range(ATTEMPTS):
            before = await self.load(room)
            events = decide(before)
            if not events:
                return Step(before, before, ())
            after = replay(before, events)
            try:
                await self._append(before, after, events)
            except VersionConflict:
                self._cache.pop(room, None)
                continue
            return Step(before, self._remember(after), events)
        raise Refused(Code.VERSION_CONFLICT)

    async def _append(self, before: Room, after: Room, events: Changes) -> None:
        due = before.version // STATE_EVERY != after.version // STATE_EVERY or not after.live
        state = write_state(after) if due else None
        await self._store.append(_head(after), before.version, [write_event(e) for e in events], state)

    def _remember(self, room: Room) -> Room:
        self._cache.pop(room.id, None)
        if len(self._cache) >= CACHED_ROOMS:
            del self._cache[next(iter(self._cache))]
        self._cache[room.id] = room
        return room


def _head(room: Room) -> RoomHead:
    return RoomHead(room=room.id, chat=room.chat, live=room.live)
