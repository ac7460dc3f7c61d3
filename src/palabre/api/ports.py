"""What the HTTP door uses; bootstrap fills it in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from palabre.accounts.ports import Answers
from palabre.accounts.service import Accounts
from palabre.chats.conversation import Conversation
from palabre.chats.directory import Directory
from palabre.chats.membership import Membership
from palabre.chats.personas import Masks
from palabre.chats.ports import Entrances
from palabre.config import Settings
from palabre.domain.ids import BlobId, RecordingId
from palabre.rooms.service import RoomService
from palabre.rooms.tickets import TicketOffice


class BlobFiles(Protocol):
    """The sound of voice messages."""

    def path(self, blob: BlobId) -> Path | None:
        """Where the bytes lie; None when there is no such blob."""
        ...


class Clock(Protocol):
    """The time of day, and time that only goes forward."""

    def now(self) -> datetime:
        """UTC, aware."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        ...


class Ids(Protocol):
    """New random names."""

    def recording(self) -> RecordingId: ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a handler may use."""

    settings: Settings
    clock: Clock
    ids: Ids
    accounts: Accounts
    entrances: Entrances
    directory: Directory
    membership: Membership
    conversation: Conversation
    masks: Masks
    rooms: RoomService
    tickets: TicketOffice
    blobs: BlobFiles
    answers: Answers
    edge_port: int
    counters: Callable[[], Mapping[str, float]]
    """Numbers by name for the operator, the engine's too."""
