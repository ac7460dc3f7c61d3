"""What follows from what happens at the edge's doors."""

import structlog

from palabre.domain.ids import ParticipantId, RoomId
from palabre.domain.refusal import Refused
from palabre.domain.room import commands as c
from palabre.domain.room.participant import Mic
from palabre.domain.room.views import Viewer
from palabre.rooms.hints import ChatTopics
from palabre.rooms.live import LiveRoom, LiveRooms
from palabre.rooms.media_events import (
    Connected,
    Disconnected,
    Door,
    RoomMediaEvent,
    SnapshotWanted,
    StartedSpeaking,
)
from palabre.rooms.ports import Clock
from palabre.rooms.runner import Runner
from palabre.wire.topics import room_of

log = structlog.get_logger(__name__)


class Reactions:
    """The rooms' side of the engine's reports. Reports of rooms that have ended meanwhile are old news."""

    def __init__(self, runner: Runner, rooms: LiveRooms, topics: ChatTopics, clock: Clock) -> None:
        self._runner = runner
        self._rooms = rooms
        self._topics = topics
        self._clock = clock

    async def handle(self, event: RoomMediaEvent) -> None:
        """Takes one report; a refusal is an answer, not an error."""
        match event:
            case SnapshotWanted():
                self._answer_snapshot(event)
                self._topics.answer(event)
            case Connected(room, who, door):
                if live := self._stirred(room):
                    await self._connected(live, who, door)
            case Disconnected(room, who, door):
                if live := self._stirred(room):
                    await self._disconnected(live, who, door)
            case StartedSpeaking(room, who):
                live = self._stirred(room)
                if live and who in live.room.participants:
                    live.heard[who] = self._clock.now()

    def _answer_snapshot(self, wanted: SnapshotWanted) -> None:
        room, view = room_of(wanted.topic), wanted.view
        live = None if room is None else self._stirred(room)
        if live is not None and view in tuple(Viewer):
            live.feed.answer(Viewer(view))

    def _stirred(self, room: RoomId) -> LiveRoom | None:
        """The live room, which is now to be looked after; None when it is over."""
        live = self._rooms.get(room)
        if live is not None:
            self._rooms.agenda.soon(room)
        return live

    async def _connected(self, live: LiveRoom, who: ParticipantId, door: Door) -> None:
        if who not in live.room.participants:
            return  # removed meanwhile, and with it the session
        live.doors.opened(who, door)
        if door is Door.WHIP and not await self._set_mic(live, who, Mic.LIVE):
            # Muted by a manager while the session was being set up: from now on it sends unheard.
            live.engine.hold(who)
            live.engine.bring_in_step(live.room)

    async def _disconnected(self, live: LiveRoom, who: ParticipantId, door: Door) -> None:
        live.doors.closed(who, door, self._clock.now())
        if door is Door.WHIP and not live.doors.is_open(who, Door.WHIP):
            live.engine.release(who)
            await self._set_mic(live, who, Mic.MUTED)
            live.engine.bring_in_step(live.room)

    async def _set_mic(self, live: LiveRoom, who: ParticipantId, mic: Mic) -> bool:
        participant = live.room.participants.get(who)
        if participant is None:
            return False
        try:
            await self._runner.run(live.room.id, c.SetMic(participant.account, mic))
        except Refused as refusal:
            log.debug("a microphone's session did not change its state", code=refusal.code)
            return False
        return True
