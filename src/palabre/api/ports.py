"""What the HTTP door asks of live rooms, blobs and idempotency; bootstrap fills it in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from palabre.accounts.service import Accounts
from palabre.chats.conversation import Conversation
from palabre.chats.directory import Directory
from palabre.chats.membership import Membership
from palabre.chats.personas import Masks
from palabre.config import Settings
from palabre.domain.ids import AccountId, BlobId, ChatId, ParticipantId, RoomId
from palabre.domain.personas import PersonaRef
from palabre.domain.room.page import Page
from palabre.domain.room.state import HandsPolicy, Mic
from palabre.domain.room.views import RecordingView, RoomView, Snapshot


@dataclass(frozen=True, slots=True)
class Ticket:
    """Opens a topic at the edge until `expires_at`."""

    value: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """What a join gives."""

    ticket: Ticket
    participant: ParticipantId
    may_manage: bool
    may_speak: bool
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class LiveBar:
    """A live room in the list of chats. `recent_speakers`: names of at most 3."""

    room: RoomId
    title: str
    started_at: datetime
    in_room: int
    recent_speakers: tuple[str, ...]


class Rooms(Protocol):
    """Live rooms. `by` wishes, the rules decide: everything may raise Refused with a room's code."""

    async def chat_of(self, room: RoomId) -> ChatId: ...

    async def bars(self, chats: Iterable[ChatId]) -> Mapping[ChatId, LiveBar]: ...

    async def start(self, chat: ChatId, by: AccountId, *, title: str, replace: bool) -> RoomView: ...

    async def get(self, room: RoomId, by: AccountId) -> RoomView: ...

    async def change(
        self,
        room: RoomId,
        by: AccountId,
        *,
        title: str | None,
        hands: HandsPolicy | None,
        join_muted: bool | None,
    ) -> RoomView: ...

    async def end(self, room: RoomId, by: AccountId) -> None: ...

    async def join(
        self, room: RoomId, by: AccountId, persona: PersonaRef | None, *, take_over: bool
    ) -> Entry: ...

    async def leave(self, room: RoomId, by: AccountId) -> None: ...

    async def set_mic(self, room: RoomId, by: AccountId, mic: Mic) -> None: ...

    async def raise_hand(self, room: RoomId, by: AccountId, question: str | None) -> None: ...

    async def lower_own_hand(self, room: RoomId, by: AccountId) -> None: ...

    async def lower_hand(self, room: RoomId, by: AccountId, who: ParticipantId) -> None: ...

    async def mute(self, room: RoomId, by: AccountId, who: ParticipantId) -> None: ...

    async def allow(self, room: RoomId, by: AccountId, who: ParticipantId) -> None: ...

    async def mute_all(self, room: RoomId, by: AccountId) -> None: ...

    async def remove(
        self, room: RoomId, by: AccountId, who: ParticipantId, *, reason: str | None, for_s: int | None
    ) -> None: ...

    async def participants(self, room: RoomId, by: AccountId, *, cursor: str | None, query: str) -> Page: ...

    async def start_recording(self, room: RoomId, by: AccountId, title: str) -> RecordingView: ...

    async def stop_recording(self, room: RoomId, by: AccountId) -> None: ...

    def chat_ticket(self, chat: ChatId) -> Ticket: ...


class BlobFiles(Protocol):
    def path(self, blob: BlobId) -> Path | None:
        """Where the bytes lie; None when there is no such blob."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was given: status and JSON body."""

    status: int
    body: bytes


class Answers(Protocol):
    """Answers to requests with an Idempotency-Key, per account."""

    async def claim(self, account: AccountId, key: str, fingerprint: bytes, now: datetime) -> Answer | None:
        """None: the key is new and now claimed. Else the answer given before.

        Raises Refused(IDEMPOTENCY_KEY_REUSED) for another request with this key, or while the first one is
        still being answered.
        """
        ...

    async def keep(self, account: AccountId, key: str, answer: Answer) -> None: ...

    async def forget(self, account: AccountId, key: str) -> None:
        """The request was refused: the key is free again."""
        ...


class Clock(Protocol):
    def now(self) -> datetime:
        """UTC, aware."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a handler may use."""

    settings: Settings
    clock: Clock
    accounts: Accounts
    directory: Directory
    membership: Membership
    conversation: Conversation
    masks: Masks
    rooms: Rooms
    blobs: BlobFiles
    answers: Answers
    edge_port: int
