"""Rooms: an event log each, and now and then the whole state."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, case, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from palabre.adapters.once import ENDED, STARTED
from palabre.adapters.sql import tables as t
from palabre.adapters.sql.at_hand import NotNow, Prepared, Values
from palabre.adapters.sql.database import Database, insert_if_new
from palabre.adapters.sql.lookup import Lookup
from palabre.domain.ids import AccountId, ChatId, RecordingId, RoomId
from palabre.rooms.ports import (
    EventRecord,
    OpenRecording,
    RoomAlreadyLive,
    RoomHead,
    StateRecord,
    StoredRoom,
    VersionConflict,
)

_ADVANCE = Prepared(
    update(t.rooms)
    .where(t.rooms.c.id == bindparam("room"), t.rooms.c.version == bindparam("after"))
    .values(live=bindparam("is_live"), version=bindparam("newest"))
)
_LOG = Prepared(insert(t.room_events))


class SqlRooms:
    """The port `rooms.ports.RoomStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._newest = Lookup(database, select(t.rooms.c.id, t.rooms.c.version), t.rooms.c.id)

    async def load(self, room: RoomId) -> StoredRoom | None:
        """See `RoomStore`."""
        states = t.room_states.c
        head = select(states.version, states.data).select_from(t.rooms).outerjoin(t.room_states)
        async with self._database.read() as connection:
            row = (await connection.execute(head.where(t.rooms.c.id == room))).first()
            if row is None:
                return None
            log = t.room_events.c
            tail = select(log.type, log.data).where(log.room_id == room, log.version > (row.version or 0))
            found = (await connection.execute(tail.order_by(log.version))).all()
        state = None if row.data is None else StateRecord(row.version, row.data)
        return StoredRoom(state, [EventRecord(event.type, event.data) for event in found])

    async def version(self, room: RoomId) -> int | None:
        """See `RoomStore`."""
        row = await self._newest.find(room)
        return None if row is None else int(row["version"])

    async def append(
        self, head: RoomHead, after: int, events: Sequence[EventRecord], state: StateRecord | None
    ) -> None:
        """See `RoomStore`."""
        log = _log(head, after, events)
        if after > 0 and state is None and await self._advanced_at_once(head, after, log):
            return
        async with self._database.write() as connection:
            if after == 0:
                await _begin(connection, head, len(events))
            else:
                await _advance(connection, head, after, len(events))
            await connection.execute(insert(t.room_events), log)
            if state is not None:
                await _keep(connection, head.room, state)

    async def _advanced_at_once(self, head: RoomHead, after: int, log: Sequence[Values]) -> bool:
        """False when the pool has to do it. Raises VersionConflict."""
        values = {"room": head.room, "after": after, "is_live": head.live, "newest": after + len(log)}
        try:
            async with self._database.write_at_once() as writing:
                if writing.execute(_ADVANCE, values) != 1:
                    raise VersionConflict
                writing.execute_each(_LOG, log)
        except NotNow:
            return False
        return True

    async def live_room_of(self, chat: ChatId) -> RoomId | None:
        """See `RoomStore`."""
        query = select(t.rooms.c.id).where(t.rooms.c.chat_id == chat, t.rooms.c.live)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).scalar_one_or_none()
        return None if found is None else RoomId(found)

    async def live_rooms_of(self, chats: Sequence[ChatId]) -> Mapping[ChatId, RoomId]:
        """See `RoomStore`."""
        query = select(t.rooms.c.chat_id, t.rooms.c.id).where(t.rooms.c.chat_id.in_(chats), t.rooms.c.live)
        async with self._database.read() as connection:
            return {ChatId(row.chat_id): RoomId(row.id) for row in await connection.execute(query)}

    async def live_rooms(self) -> Sequence[RoomId]:
        """See `RoomStore`."""
        async with self._database.read() as connection:
            found = await connection.execute(select(t.rooms.c.id).where(t.rooms.c.live))
            return [RoomId(room) for room in found.scalars()]

    async def untold(self) -> Sequence[RoomId]:
        """See `RoomStore`."""
        last = t.rooms.c.id + case((t.rooms.c.live, STARTED), else_=ENDED)
        query = select(t.rooms.c.id).outerjoin(t.messages, t.messages.c.once == last)
        async with self._database.read() as connection:
            found = await connection.execute(query.where(t.messages.c.id.is_(None)))
            return [RoomId(room) for room in found.scalars()]


def _log(head: RoomHead, after: int, events: Sequence[EventRecord]) -> list[dict[str, Any]]:
    return [
        {"room_id": head.room, "version": version, "type": event.type, "data": event.data}
        for version, event in enumerate(events, after + 1)
    ]


async def _begin(connection: AsyncConnection, head: RoomHead, count: int) -> None:
    row = {"id": head.room, "chat_id": head.chat, "live": head.live, "version": count}
    if (await connection.execute(select(t.rooms.c.id).where(t.rooms.c.id == head.room))).first() is not None:
        raise VersionConflict
    if (await connection.execute(insert_if_new(connection, t.rooms, row))).rowcount != 1:
        raise RoomAlreadyLive


async def _advance(connection: AsyncConnection, head: RoomHead, after: int, count: int) -> None:
    compared = (t.rooms.c.id == head.room, t.rooms.c.version == after)
    values = {"live": head.live, "version": after + count}
    try:
        swapped = await connection.execute(update(t.rooms).where(*compared).values(values))
    except IntegrityError as error:
        raise RoomAlreadyLive from error
    if swapped.rowcount != 1:
        raise VersionConflict


async def _keep(connection: AsyncConnection, room: RoomId, state: StateRecord) -> None:
    """In place of the state before, which nobody needs any more."""
    await connection.execute(delete(t.room_states).where(t.room_states.c.room_id == room))
    row = {"room_id": room, "version": state.version, "data": state.data}
    await connection.execute(insert(t.room_states).values(row))


class SqlRecordings:
    """The port `rooms.ports.Recordings`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, recording: OpenRecording) -> None:
        """See `Recordings`."""
        row = {
            "id": recording.id,
            "room_id": recording.room,
            "chat_id": recording.chat,
            "starter": recording.starter,
            "title": recording.title,
            "started_at": recording.started_at,
            "closed": False,
        }
        async with self._database.write() as connection:
            await connection.execute(insert_if_new(connection, t.recordings, row))

    async def get(self, recording: RecordingId) -> OpenRecording | None:
        """See `Recordings`."""
        found = await self._open_ones(t.recordings.c.id == recording)
        return found[0] if found else None

    async def undelivered(self) -> Sequence[OpenRecording]:
        """See `Recordings`."""
        return await self._open_ones()

    async def close(self, recording: RecordingId) -> None:
        """See `Recordings`."""
        statement = update(t.recordings).where(t.recordings.c.id == recording).values(closed=True)
        async with self._database.write() as connection:
            await connection.execute(statement)

    async def _open_ones(self, *where: Any) -> list[OpenRecording]:
        query = select(t.recordings).where(~t.recordings.c.closed, *where).order_by(t.recordings.c.started_at)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).all()
        return [
            OpenRecording(
                RecordingId(row.id),
                RoomId(row.room_id),
                ChatId(row.chat_id),
                AccountId(row.starter),
                row.title,
                row.started_at,
            )
            for row in found
        ]
