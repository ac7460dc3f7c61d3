"""Which doors each participant has open, and who has been outside for too long."""

from datetime import datetime, timedelta

from palabre.domain.ids import ParticipantId
from palabre.domain.room.state import Room
from palabre.rooms.media_events import Door


class Doors:
    """Of one room, as the engine reports them. A session that replaces another is no news to it."""

    def __init__(self, grace: timedelta, hand_grace: timedelta) -> None:
        self._grace = grace
        self._hand_grace = hand_grace
        self._open: dict[ParticipantId, set[Door]] = {}
        self._outside_since: dict[ParticipantId, datetime] = {}

    def expect(self, who: ParticipantId, since: datetime) -> None:
        """The participant is in and has no door open yet: its time of grace runs from `since`."""
        if who not in self._open:
            self._outside_since[who] = since

    def opened(self, who: ParticipantId, door: Door) -> None:
        """`who` has a session at `door`."""
        self._open.setdefault(who, set()).add(door)
        self._outside_since.pop(who, None)

    def closed(self, who: ParticipantId, door: Door, now: datetime) -> None:
        """`who` has none at `door` any more. After the last door, the time of grace runs."""
        doors = self._open.get(who)
        if doors is None:
            return
        doors.discard(door)
        if not doors:
            del self._open[who]
            self._outside_since[who] = now

    def is_open(self, who: ParticipantId, door: Door) -> bool:
        """Whether `who` has a session at `door`."""
        return door in self._open.get(who, ())

    def any_open(self, who: ParticipantId) -> bool:
        """Whether `who` has a session at all."""
        return who in self._open

    def forget(self, who: ParticipantId) -> None:
        """All sessions of `who` were ended from here, which the engine does not report."""
        self._open.pop(who, None)
        self._outside_since.pop(who, None)

    def sending(self) -> list[ParticipantId]:
        """Who has a session that speaks."""
        return [who for who, doors in self._open.items() if Door.WHIP in doors]

    def overdue(self, room: Room, now: datetime) -> list[ParticipantId]:
        """Who has had no door open for the time of grace, longer with a hand up."""
        return [
            who
            for who, since in self._outside_since.items()
            if (participant := room.participants.get(who)) is not None
            and now - since >= (self._grace if participant.hand is None else self._hand_grace)
        ]
