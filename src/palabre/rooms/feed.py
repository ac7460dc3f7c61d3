"""What clients are told of one room: changes at once, counts alone at most twice a second.

A change brings the counts along when they are others by then: what a client knows of a version is all of that version.
"""

from datetime import datetime, timedelta

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

RETRY = timedelta(milliseconds=250)
"""After this long it is tried again what the engine had no room for."""


class Feed:
    """Publishes one room to its topic, for each kind of viewer. `_told` is the version clients have."""

    def __init__(self, publisher: Publisher, room: Room) -> None:
        self._publisher = publisher
        self._topic = room_topic(room.id)
        self._told = room
        self._newest = room
        self._told_at: datetime | None = None
        self._owed: set[Viewer] = set()

    def follow(self, room: Room, now: datetime) -> None:
        """Tells the change, or keeps it for `tick` when it is only counts and too soon."""
        self._newest = room
        counts_only = only_counts(changes(self._told, room, Viewer.MANAGER))
        if not counts_only or self._due(now):
            self.flush(now)

    def tick(self, now: datetime) -> None:
        """Tells what has waited long enough."""
        if self._newest is not self._told and self._due(now):
            self.flush(now)
        for viewer in tuple(self._owed):
            self.answer(viewer)

    def next_look(self, now: datetime) -> datetime | None:
        """When `tick` has something to tell; None while nothing waits."""
        if self._owed:
            return now + RETRY
        if self._newest is self._told or self._told_at is None:
            return None
        return self._told_at + COUNTS_GAP

    def flush(self, now: datetime) -> None:
        """Tells everything up to the newest version."""
        before, after = self._told, self._newest
        if before.version == after.version:
            return
        self._told, self._told_at = after, now
        for viewer in Viewer:
            change = room_change(before.version, after.version, changes(before, after, viewer))
            self._publish(viewer, change.after, change.version, change.model_dump_json().encode())

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

    def _due(self, now: datetime) -> bool:
        return self._told_at is None or now - self._told_at >= COUNTS_GAP
