"""Which doors each participant has open, and who has been outside for too long."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from palabre.domain.ids import ParticipantId
from palabre.domain.room.state import Room
from palabre.rooms.media_events import Door


class Doors:
    """Of one room. Sessions are counted, because a new one may open before the one it replaces has closed."""

    def __init__(self, grace: timedelta, hand_grace: timedelta) -> None:
        self._grace = grace
        self._hand_grace = hand_grace
        self._open: dict[ParticipantId, Counter[Door]] = {}
        self._outside_since: dict[ParticipantId, datetime] = {}

    def expect(self, who: ParticipantId, since: datetime) -> None:
        """The participant is in and has no door open yet: its time of grace runs from `since`."""
        if who not in self._open:
            self._outside_since[who] = since

    def opened(self, who: ParticipantId, door: Door) -> None:
        """One more session of `who` at `door`."""
        self._open.setdefault(who, Counter())[door] += 1
        self._outside_since.pop(who, None)

    def closed(self, who: ParticipantId, door: Door, now: datetime) -> None:
        """One session less. After the last, the time of grace runs."""
        doors = self._open.get(who)
        if doors is None or doors[door] == 0:
            return
        doors[door] -= 1
        if not doors.total():
            del self._open[who]
            self._outside_since[who] = now

    def is_open(self, who: ParticipantId, door: Door) -> bool:
        """Whether `who` has a session at `door`."""
        doors = self._open.get(who)
        return doors is not None and doors[door] > 0

    def keep_only(self, inside: Iterable[ParticipantId]) -> None:
        """Forgets everyone who is not in the room any more."""
        gone = (self._open.keys() | self._outside_since.keys()) - set(inside)
        for who in gone:
            self._open.pop(who, None)
            self._outside_since.pop(who, None)

    def overdue(self, room: Room, now: datetime) -> list[ParticipantId]:
        """Who has had no door open for the time of grace, longer with a hand up."""
        return [
            who
            for who, since in self._outside_since.items()
            if (participant := room.participants.get(who)) is not None
            and now - since >= (self._grace if participant.hand is None else self._hand_grace)
        ]
