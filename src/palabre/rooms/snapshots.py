"""Snapshots as JSON. Whoever enters in one step and sees the same shares the bytes."""

from palabre.domain.ids import RoomId
from palabre.domain.room.state import Room
from palabre.domain.room.views import Viewer, snapshot
from palabre.wire.room import room_snapshot

KEPT = 256
"""Rooms and kinds of viewer whose newest snapshot is kept; one more, and the one kept for longest goes."""


def written(room: Room, viewer: Viewer) -> bytes:
    """What the viewer sees of the room, as it goes over the wire."""
    return room_snapshot(snapshot(room, viewer)).model_dump_json().encode()


class Snapshots:
    """The newest of each room and kind of viewer. With a thousand on the stage one takes milliseconds."""

    def __init__(self) -> None:
        self._newest: dict[tuple[RoomId, Viewer], tuple[Room, bytes]] = {}

    def of(self, room: Room, viewer: Viewer) -> bytes:
        """What the viewer sees of the room at its version."""
        key = (room.id, viewer)
        known = self._newest.get(key)
        if known is not None and known[0] is room:
            return known[1]
        data = written(room, viewer)
        self._newest.pop(key, None)
        if len(self._newest) >= KEPT:
            del self._newest[next(iter(self._newest))]
        self._newest[key] = (room, data)
        return data
