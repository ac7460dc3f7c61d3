"""What chats need from the world, each a small Protocol named by its role."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from palabre.domain.accounts import Account
from palabre.domain.chats import Chat, Member, Right
from palabre.domain.ids import AccountId, ChatId, MessageId, RoomId
from palabre.domain.messages import Draft, Message
from palabre.domain.personas import PersonaRef


@dataclass(frozen=True, slots=True)
class Place:
    """A chat, and what one account is there."""

    chat: Chat
    mine: Member | None


@dataclass(frozen=True, slots=True)
class Card(Place):
    """A chat as one account finds it: also how many are in it, which takes counting."""

    member_count: int


@dataclass(frozen=True, slots=True)
class InviteLink:
    """Lets whoever holds `token` into a private chat until it is revoked, expired or used up."""

    token: str
    chat: ChatId
    created_at: datetime
    expires_at: datetime | None
    max_uses: int | None
    uses: int = 0
    revoked: bool = False


class ChatStore(Protocol):
    """The chats there are, and how an account finds them."""

    async def add(self, chat: Chat, owner: Member) -> None:
        """Keeps the chat with its first member. Raises Refused(HANDLE_TAKEN)."""
        ...

    async def change(self, chat: Chat) -> None:
        """Raises Refused(HANDLE_TAKEN)."""
        ...

    async def get(self, chat: ChatId) -> Chat | None: ...

    async def card(self, chat: ChatId, viewer: AccountId) -> Card | None: ...

    async def place(self, chat: ChatId, viewer: AccountId) -> Place | None: ...

    async def of(
        self, account: AccountId, *, after: str | None, size: int
    ) -> tuple[Sequence[Card], str | None]:
        """The account's chats, Saved Messages first, then by last activity; the next page's cursor."""
        ...

    async def search(self, query: str, viewer: AccountId, *, size: int) -> Sequence[Card]:
        """Public chats whose title or handle contains `query`, whatever the case."""
        ...

    async def owned(self, account: AccountId) -> Sequence[Chat]:
        """The groups and channels it owns, oldest first."""
        ...

    async def saved_of(self, account: AccountId) -> ChatId: ...


class MemberStore(Protocol):
    """Who is in which chat, with which rights."""

    async def get(self, chat: ChatId, account: AccountId) -> Member | None: ...

    async def add(self, member: Member) -> None:
        """Does nothing when the account is already a member."""
        ...

    async def remove(self, chat: ChatId, account: AccountId) -> None: ...

    async def set_rights(self, chat: ChatId, account: AccountId, given: frozenset[Right]) -> None: ...

    async def page(
        self, chat: ChatId, *, after: str | None, size: int
    ) -> tuple[Sequence[tuple[Member, Account]], str | None]:
        """Members by time of entry, oldest first; and the cursor of the next page."""
        ...


class InviteStore(Protocol):
    """Links into private chats."""

    async def add(self, link: InviteLink) -> None: ...

    async def get(self, token: str) -> InviteLink | None: ...

    async def revoke(self, token: str) -> None: ...

    async def use(self, token: str) -> bool:
        """Counts one use; False when the link was used up meanwhile."""
        ...


class MessageStore(Protocol):
    """What was said, in order."""

    async def add(self, draft: Draft, *, once: str | None = None) -> Message:
        """Gives the draft its place. A second one with the same `once` gives the first."""
        ...

    async def get(self, message: MessageId) -> Message | None: ...

    async def page(self, chat: ChatId, *, before: int | None, size: int) -> Sequence[Message]:
        """At most `size` messages with a seq below `before`, newest first."""
        ...


class PersonaChoices(Protocol):
    """Under which persona an account last took part, per chat."""

    async def remember(self, chat: ChatId, account: AccountId, persona: PersonaRef) -> None: ...

    async def remembered(self, chat: ChatId, account: AccountId) -> PersonaRef | None: ...


@dataclass(frozen=True, slots=True)
class LastPersona:
    """Under which persona an account last took part in a chat; None for never."""

    ref: PersonaRef | None


@dataclass(frozen=True, slots=True)
class Entrance:
    """Who asks for a room, and what it finds there. `version` is the room's newest."""

    account: Account
    version: int
    there: Place
    last: LastPersona


class Entrances(Protocol):
    """What other stores answer one after another, in one question: it is asked at every join."""

    async def find(self, token_hash: bytes, room: RoomId, now: datetime) -> Entrance | None:
        """None when the session is not known, or expired, or there is no such room."""
        ...


class Hints(Protocol):
    """Tells a chat's open clients that something is new."""

    def messages_changed(self, chat: ChatId) -> None: ...


class Standing(Protocol):
    """Live rooms follow what their chat decides about an account."""

    async def standing_changed(self, chat: ChatId, account: AccountId) -> None: ...

    async def expel(self, chat: ChatId, account: AccountId) -> None: ...


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """UTC, aware."""
        ...


class Ids(Protocol):
    """New random names and secrets."""

    def chat(self, seed: str | None = None) -> ChatId:
        """With a seed always the same one, as random as the seed."""
        ...

    def message(self) -> MessageId: ...

    def token(self) -> str:
        """256 random bits, URL-safe."""
        ...
