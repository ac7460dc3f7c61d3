"""What an operator may set of live rooms."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOptions:
    """Read once at the start, from the configuration."""

    recordings: Path
    """Folder of the recordings that still run or wait for their delivery: `<recording id>.ogg`."""
    capacity: int = 1000
    """Participants per room."""
    live_rooms: int = 200
    grace: timedelta = timedelta(seconds=20)
    """How long a participant may have no door open before it leaves."""
    hand_grace: timedelta = timedelta(seconds=120)
    """The same with a hand up: the place in the queue survives."""
    restart_grace: timedelta = timedelta(seconds=120)
    """The same for everyone after a restart of the server: clients come back alone."""
    empty_end: timedelta = timedelta(minutes=10)
    """A room ends when nobody has been in it for so long."""
