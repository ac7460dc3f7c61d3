"""The truth of rooms: load → decide → append, with compare-and-set instead of locks between processes."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from palabre.domain.ids import RoomId
from palabre.domain.refusal import Code, Refused
from palabre.domain.room.events import Change, Changes, RoomStarted
from palabre.domain.room.evolve import found, replay
from palabre.domain.room.state import Room
from palabre.rooms.codec import pieces_of_state, read_room, write_event, write_state
from palabre.rooms.ports import RoomAlreadyLive, RoomHead, RoomStore, StateRecord, VersionConflict
from palabre.rooms.together import Together

ATTEMPTS = 8
"""So often another process may be first before the wishes are refused with VERSION_CONFLICT."""

STATE_EVERY = 64
"""Events between two state snapshots; half as many as there are people in the room, if that is more: loading
replays less than it reads, and a crowd that enters is not written down anew at every few steps."""

CACHED_ROOMS = 1024
"""The cache forgets the room that was loaded first when it is full; loading brings it back."""

Decide = Callable[[Room], Changes]
"""One wish: the events it leads to in a room. Raises Refused."""


@dataclass(frozen=True, slots=True)
class Step:
    """What some wishes did together: nothing when `events` is empty. `refusals` has an entry for each."""

    before: Room
    after: Room
    events: Changes
    refusals: Sequence[Refused | None]


@dataclass(frozen=True, slots=True)
class _Known:
    """A room, and the version of its newest state snapshot."""

    room: Room
    state_version: int


class Journal:
    """Rooms by their event logs. The cache is only trusted at the version the store says is the newest."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store
        self._cache: dict[RoomId, _Known] = {}
        self._appends: dict[RoomId, asyncio.Event] = {}
        self._loads = Together[RoomId, None, _Known](self._load)

    async def load(self, room: RoomId, newest: int | None = None) -> Room:
        """The room at its newest version, or at one that is not older than `newest`, which the store has just told.

        Raises Refused(ROOM_NOT_FOUND).
        """
        return (await self._newest(room, newest)).room

    async def begin(self, event: RoomStarted) -> Room:
        """Writes a new room's first event, unless it is there already. Raises Refused(ROOM_ALREADY_LIVE)."""
        room = found(event)
        try:
            await self._store.append(_head(room), 0, [write_event(event)], write_state(room))
        except RoomAlreadyLive as error:
            raise Refused(Code.ROOM_ALREADY_LIVE) from error
        except VersionConflict:
            return await self.load(room.id)
        return self._remember(room, room.version)

    async def commit(self, room: RoomId, wishes: Sequence[Decide]) -> Step:
        """Asks all wishes, one after another, about the newest version until their answers are written.

        What they lead to is written in one transaction, or not at all. Raises Refused(ROOM_NOT_FOUND |
        VERSION_CONFLICT); what a wish itself is refused with stands in the step.
        """
        for _ in range(ATTEMPTS):
            known = self._cache.get(room) or await self._newest(room)
            step = _step(known.room, wishes)
            if not step.events:
                if await self._newest(room) is known:
                    return step
                continue
            try:  # this tells by itself whether what was decided upon was the newest
                await self._append(known, step)
            except VersionConflict:
                self._cache.pop(room, None)
                continue
            return step
        raise Refused(Code.VERSION_CONFLICT)

    async def _newest(self, room: RoomId, newest: int | None = None) -> _Known:
        version = await self._store.version(room) if newest is None else newest
        if version is None:
            raise Refused(Code.ROOM_NOT_FOUND)
        if self._known(room, version) is None and (append := self._appends.get(room)) is not None:
            await append.wait()  # the newer version is most likely our own, and about to be remembered
        return self._known(room, version) or await self._loads.ask(room, None)

    def _known(self, room: RoomId, version: int) -> _Known | None:
        """What is remembered was the newest once, so it is not wrong when it is newer than `version`."""
        known = self._cache.get(room)
        return known if known is not None and known.room.version >= version else None

    async def _load(self, room: RoomId, askers: Sequence[None]) -> Sequence[_Known]:
        stored = await self._store.load(room)
        if stored is None:
            raise Refused(Code.ROOM_NOT_FOUND)
        self._remember(read_room(stored), 0 if stored.state is None else stored.state.version)
        return [self._cache[room]] * len(askers)

    async def _append(self, known: _Known, step: Step) -> None:
        after = step.after
        due = after.version - known.state_version >= max(STATE_EVERY, len(after.participants) // 2)
        state = await _state_of(after) if due or not after.live else None
        records = [write_event(event) for event in step.events]
        done = self._appends[after.id] = asyncio.Event()
        try:
            await self._store.append(_head(after), known.room.version, records, state)
            self._remember(after, known.state_version if state is None else state.version)
        finally:
            done.set()
            if self._appends.get(after.id) is done:
                del self._appends[after.id]

    def _remember(self, room: Room, state_version: int) -> Room:
        self._cache.pop(room.id, None)
        if len(self._cache) >= CACHED_ROOMS:
            del self._cache[next(iter(self._cache))]
        self._cache[room.id] = _Known(room, state_version)
        return room


async def _state_of(room: Room) -> StateRecord:
    """Everybody else has a turn between the pieces: writing down 20,000 people takes the loop a tenth of a second."""
    pieces = []
    for piece in pieces_of_state(room):
        pieces.append(piece)
        await asyncio.sleep(0)
    return StateRecord(room.version, b"".join(pieces).decode())


def _step(before: Room, wishes: Sequence[Decide]) -> Step:
    after, events, refusals = before, list[Change](), list[Refused | None]()
    for decide in wishes:
        try:
            changes = decide(after)
        except Refused as refusal:
            # Without the way it took: the frames on it hold this very list, and with it versions of the room.
            refusals.append(refusal.with_traceback(None))
            continue
        refusals.append(None)
        events += changes
        after = replay(after, changes)
    return Step(before, after, tuple(events), refusals)


def _head(room: Room) -> RoomHead:
    return RoomHead(room=room.id, chat=room.chat, live=room.live)
