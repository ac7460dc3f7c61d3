"""Which doors each participant has open, and who has been outside for too long."""

import heapq
from datetime import datetime, timedelta

from palabre.domain.ids import ParticipantId
from palabre.domain.room.participant import Participant
from palabre.domain.room.state import Room
from palabre.rooms.media_events import Door


class Doors:
    """Of one room, as the engine reports them. A session that replaces another is no news to it."""

    def __init__(self, grace: timedelta, hand_grace: timedelta) -> None:
        self._grace = grace
        self._hand_grace = hand_grace
        self._open: dict[ParticipantId, set[Door]] = {}
        self._outside_since: dict[ParticipantId, datetime] = {}
        self._overdue_at: list[tuple[datetime, ParticipantId]] = []

    def expect(self, who: ParticipantId, since: datetime) -> None:
        """The participant is in and has no door open yet: its time of grace runs from `since`."""
        if who not in self._open:
            self._outside_since[who] = since
            self._remind(who, since + self._grace)

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
            self._remind(who, now + self._grace)

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

    def lowered(self, who: ParticipantId) -> None:
        """The hand is down: the time of grace is the short one again."""
        if (since := self._outside_since.get(who)) is not None:
            self._remind(who, since + self._grace)

    def overdue(self, room: Room, now: datetime) -> list[ParticipantId]:
        """Who has had no door open for the time of grace, longer with a hand up."""
        found = []
        while self._overdue_at and self._overdue_at[0][0] <= now:
            _, who = heapq.heappop(self._overdue_at)
            participant = room.participants.get(who)
            ends = None if participant is None else self._grace_ends(participant)
            if ends is None:
                continue
            if ends <= now:
                found.append(who)
                self._remind(who, now + self._grace)  # should it not have left by then
            else:
                self._remind(who, ends)
        return found

    def is_overdue(self, participant: Participant, now: datetime) -> bool:
        """Whether it has had no door open for that time."""
        ends = self._grace_ends(participant)
        return ends is not None and ends <= now

    def next_look(self) -> datetime | None:
        """When `overdue` may have somebody to tell of; None while everybody is connected."""
        return self._overdue_at[0][0] if self._overdue_at else None

    def _grace_ends(self, participant: Participant) -> datetime | None:
        """None while a door is open."""
        since = self._outside_since.get(participant.id)
        if since is None:
            return None
        return since + (self._grace if participant.hand is None else self._hand_grace)

    def _remind(self, who: ParticipantId, at: datetime) -> None:
        # A participant that is reminded of too often is looked at in vain, and no more than that.
        heapq.heappush(self._overdue_at, (at, who))
