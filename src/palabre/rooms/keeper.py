"""Time's part in live rooms: grace that runs out, empty rooms, what was kept back for a moment."""

import asyncio
from collections.abc import Sequence

import structlog

from palabre.domain.ids import ParticipantId
from palabre.domain.refusal import Refused
from palabre.domain.room import commands as c
from palabre.rooms.hints import ChatTopics
from palabre.rooms.live import LiveRoom, LiveRooms
from palabre.rooms.options import RoomOptions
from palabre.rooms.ports import Clock
from palabre.rooms.runner import Runner

log = structlog.get_logger(__name__)

TICK_S = 0.25
"""Half the gap between two messages of counts, so that they come at most twice a second and not much less."""


class Keeper:
    """Looks after rooms in which something happened or falls due, at most four times a second; else it sleeps."""

    def __init__(
        self, runner: Runner, rooms: LiveRooms, topics: ChatTopics, clock: Clock, options: RoomOptions
    ) -> None:
        self._runner = runner
        self._rooms = rooms
        self._topics = topics
        self._clock = clock
        self._options = options

    async def run(self) -> None:
        """Until cancelled. A room that cannot be looked after does not keep the others waiting."""
        while True:
            await self._clock.sleep(TICK_S)
            await self.sweep()
            if not self._topics.owes:
                await self._rooms.agenda.wait(self._clock.now())

    async def sweep(self) -> None:
        """One look at every room on the agenda."""
        for room in self._rooms.agenda.due(self._clock.now()):
            if (live := self._rooms.get(room)) is None:
                continue
            try:
                await self._look_after(live)
                self._rooms.agenda.plan(room, live.next_look(self._clock.now(), self._options))
            except Exception:
                # One room's trouble, a store's for one, must not stop the time of all the others.
                log.exception("a room could not be looked after", room=room)
                self._rooms.agenda.soon(room)
        self._topics.tick()

    async def _look_after(self, live: LiveRoom) -> None:
        now = self._clock.now()
        if not live.room.live:
            live.close()
            self._rooms.forget_if_over(live)
            return
        await self._let_go(live, live.doors.overdue(live.room, now))
        if live.empty_since is not None and now - live.empty_since >= self._options.empty_end:
            await self._runner.run(live.room.id, c.EndIfEmpty())
            return
        if not live.engine.in_step:
            live.engine.bring_in_step(live.room)
        live.feed.tick(now)
        if live.bar.tell(live.shown(now), now):
            self._topics.room_changed(live.room.chat)

    async def _let_go(self, live: LiveRoom, overdue: Sequence[ParticipantId]) -> None:
        """All at once, so that a crowd whose network failed leaves in a few steps."""
        left = [self._runner.let_go(live, who) for who in overdue]
        for answer in await asyncio.gather(*left, return_exceptions=True):
            if isinstance(answer, BaseException) and not isinstance(answer, Refused):
                raise answer
