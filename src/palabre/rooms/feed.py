"""What clients are told of one room: changes at once, counts alone at most twice a second.

A change brings the counts along when they are others by then: what a client knows of a version is all of that version.
Each change costs a packet for everybody who follows the room: before an audience a wave of hands is gathered.
"""

from datetime import UTC, datetime, timedelta

import structlog

from palabre.domain.room.changes import changes, only_counts
from palabre.domain.room.state import Room
from palabre.domain.room.views import Viewer
from palabre.rooms.ports import MediaBusy, Publisher
from palabre.rooms.snapshots import written
from palabre.wire.room import room_change
from palabre.wire.topics import room_topic

log = structlog.get_logger(__name__)

COUNTS_GAP = timedelta(milliseconds=500)

AUDIENCE = 1000
"""With more people inside, changes are gathered for `AUDIENCE_GAP`; the first after a calm goes at once."""
AUDIENCE_GAP = timedelta(milliseconds=200)

LONG_AGO = datetime.min.replace(tzinfo=UTC)

RETRY = timedelta(milliseconds=250)
"""After this long it is tried again what the engine had no room for."""


class Feed:
    """Publishes one room to its topic, for each kind of viewer. `_told` is the version clients have."""

    def __init__(self, publisher: Publisher, room: Room) -> None:
        self._publisher = publisher
        self._topic = room_topic(room.id)
        self._told = room
        self._newest = room
        self._told_at = LONG_AGO
        self._due: datetime | None = None
        self._owed: set[Viewer] = set()

    def follow(self, room: Room, now: datetime) -> None:
        """Tells the change, or keeps it for `tick` when it may wait and it is too soon."""
        if room.version == self._newest.version:
            return
        self._newest = room
        # A clock that was set back makes nobody wait longer.
        gap = self._gap()
        self._due = now + min(gap, max(self._told_at + gap - now, timedelta()))
        self._tell_what_is_due(now)

    def tick(self, now: datetime) -> None:
        """Tells what has waited long enough."""
        self._tell_what_is_due(now)
        for viewer in tuple(self._owed):
            self.answer(viewer)

    def next_look(self, now: datetime) -> datetime | None:
        """When `tick` has something to tell; None while nothing waits."""
        looks = (self._due, now + RETRY if self._owed else None)
        return min((at for at in looks if at is not None), default=None)

    def answer(self, viewer: Viewer) -> None:
        """Hands the engine a fresh snapshot: of the version that clients have, so that the next change fits on it, and
        counts that wait go on waiting however often somebody asks."""
        data = written(self._told, viewer)
        try:
            self._publisher.snapshot(self._topic, viewer, self._told.version, data)
            self._owed.discard(viewer)
        except MediaBusy:
            # Somebody waits for it at the door: `tick` tries again.
            self._owed.add(viewer)

    def close(self) -> None:
        """Ends the topic."""
        try:
            self._publisher.close_topic(self._topic)
        except MediaBusy:
            log.warning("the engine had no room for a command", command="close_topic", topic=self._topic)

    def _publish(self, viewer: Viewer, after: int, version: int, data: bytes) -> None:
        try:
            self._publisher.publish(self._topic, viewer, after, version, data)
        except MediaBusy:
            # The gap shows at the next change; until then a fresh snapshot is owed.
            log.warning("the engine had no room for a command", command="publish", topic=self._topic)
            self._owed.add(viewer)

    def _gap(self) -> timedelta:
        """How long after the last telling the next one comes."""
        if only_counts(changes(self._told, self._newest, Viewer.MANAGER)):
            return COUNTS_GAP
        if self._newest.live and len(self._newest.participants) > AUDIENCE:
            return AUDIENCE_GAP
        return timedelta()

    def _tell_what_is_due(self, now: datetime) -> None:
        if self._due is None or now < self._due:
            return
        before, after = self._told, self._newest
        self._told, self._told_at, self._due = after, now, None
        for viewer in Viewer:
            change = room_change(before.version, after.version, changes(before, after, viewer))
            self._publish(viewer, change.after, change.version, change.model_dump_json().encode())
