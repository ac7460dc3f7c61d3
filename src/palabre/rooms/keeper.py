"""Time's part in live rooms: grace that runs out, empty rooms, what was kept back for a moment."""

from datetime import datetime, timedelta

import structlog

from palabre.domain.ids import ParticipantId, RoomId
from palabre.domain.room import commands as c
from palabre.rooms.hints import ChatTopics
from palabre.rooms.live import LiveRoom, LiveRooms
from palabre.rooms.options import RoomOptions
from palabre.rooms.ports import Clock
from palabre.rooms.runner import Runner

log = structlog.get_logger(__name__)

TICK_S = 0.25
"""Half the gap between two messages of counts, so that they come at most twice a second and not much less."""

BAR_GAP = timedelta(seconds=5)
"""How often a chat's members are told that the count or the faces in the live bar changed: each then asks."""

_Bar = tuple[int, tuple[ParticipantId, ...]]


class Keeper:
    """Looks after every live room four times a second. One task for all rooms."""

    def __init__(
        self, runner: Runner, rooms: LiveRooms, topics: ChatTopics, clock: Clock, options: RoomOptions
    ) -> None:
        self._runner = runner
        self._rooms = rooms
        self._topics = topics
        self._clock = clock
        self._options = options
        self._bars: dict[RoomId, tuple[_Bar, datetime]] = {}

    async def run(self) -> None:
        """Until cancelled. A room that cannot be looked after does not keep the others waiting."""
        while True:
            await self._clock.sleep(TICK_S)
            await self.sweep()

    async def sweep(self) -> None:
        """One look at every live room."""
        for live in self._rooms:
            try:
                await self._look_after(live)
            except Exception:
                # One room's trouble, a store's for one, must not stop the time of all the others.
                log.exception("a room could not be looked after", room=live.room.id)
        self._topics.tick()
        alive = {live.room.id for live in self._rooms}
        self._bars = {room: told for room, told in self._bars.items() if room in alive}

    async def _look_after(self, live: LiveRoom) -> None:
        now = self._clock.now()
        if not live.room.live:
            live.close()
            self._rooms.forget_if_over(live)
            return
        for who in live.doors.overdue(live.room, now):
            await self._runner.run(live.room.id, c.Leave(live.room.participants[who].account))
        if live.empty_since is not None and now - live.empty_since >= self._options.empty_end:
            await self._runner.run(live.room.id, c.EndIfEmpty())
            return
        if not live.engine.in_step:
            live.engine.bring_in_step(live.room)
        live.feed.tick(now)
        self._tell_bar(live, now)

    def _tell_bar(self, live: LiveRoom, now: datetime) -> None:
        faces = tuple(speaker.id for speaker in live.recent_speakers(now))
        bar = (len(live.room.participants), faces)
        told, at = self._bars.get(live.room.id, ((0, ()), now - BAR_GAP))
        if bar != told and now - at >= BAR_GAP:
            self._bars[live.room.id] = (bar, now)
            self._topics.room_changed(live.room.chat)
