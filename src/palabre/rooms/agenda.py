"""When to look after which room: at its next deadline, or soon because something happened in it."""

import asyncio
import heapq
from contextlib import suppress
from datetime import datetime

from palabre.domain.ids import RoomId


class Agenda:
    """A room that waits for nothing is on no page of it, so that a thousand quiet rooms cost nothing."""

    def __init__(self) -> None:
        self._soon: dict[RoomId, None] = {}
        self._later: list[tuple[datetime, RoomId]] = []
        self._planned: dict[RoomId, datetime] = {}
        self._stirred = asyncio.Event()

    def soon(self, room: RoomId) -> None:
        """Something happened in the room, and what it waits for may be another thing now."""
        self._soon[room] = None
        self._stirred.set()

    def plan(self, room: RoomId, at: datetime | None) -> None:
        """Its next deadline, in place of the one before; None: it waits for nothing."""
        if at is None:
            self._planned.pop(room, None)
        elif self._planned.get(room) != at:
            self._planned[room] = at
            heapq.heappush(self._later, (at, room))

    def due(self, now: datetime) -> list[RoomId]:
        """Takes off it whatever is to be looked at now."""
        while self._later and self._later[0][0] <= now:
            at, room = heapq.heappop(self._later)
            if self._planned.get(room) == at:
                del self._planned[room]
                self.soon(room)
        due = list(self._soon)
        self._soon.clear()
        self._stirred.clear()
        return due

    async def wait(self, now: datetime) -> None:
        """Until a room is to be looked at soon, or the next deadline has come."""
        quiet_s = (self._later[0][0] - now).total_seconds() if self._later else None
        with suppress(TimeoutError):
            async with asyncio.timeout(quiet_s):
                await self._stirred.wait()
