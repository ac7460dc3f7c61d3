"""What service messages are about: no two messages have the same."""

from palabre.domain.ids import RoomId

STARTED = ":started"
ENDED = ":ended"


def room_started(room: RoomId) -> str:
    """Of the message that a room has begun."""
    return f"{room}{STARTED}"


def room_ended(room: RoomId) -> str:
    """Of the message that it is over."""
    return f"{room}{ENDED}"
