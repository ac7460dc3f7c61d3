"""What accounts need from the world, each a small Protocol named by its role."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from palabre.domain.accounts import Account
from palabre.domain.chats import Chat
from palabre.domain.ids import AccountId, ChatId


class AccountStore(Protocol):
    """The accounts there are."""

    async def add(self, account: Account, password_hash: str, saved: Chat) -> None:
        """Keeps the account and its Saved Messages in one transaction. Raises Refused(HANDLE_TAKEN)."""
        ...

    async def get(self, account: AccountId) -> Account | None: ...

    async def with_handle(self, handle: str) -> tuple[Account, str] | None:
        """The account and its password hash."""
        ...

    async def change(self, account: Account) -> None:
        """Keeps a changed profile; handle and password stay."""
        ...


class SessionStore(Protocol):
    """Sign-ins. Only the SHA-256 of a token is kept: who reads the database cannot sign in with it."""

    async def add(
        self, token_hash: bytes, account: AccountId, *, created: datetime, expires: datetime
    ) -> None: ...

    async def account_of(self, token_hash: bytes, now: datetime) -> Account | None:
        """None when unknown or expired."""
        ...

    async def remove(self, token_hash: bytes) -> None: ...

    async def remove_expired(self, now: datetime) -> None: ...


class Passwords(Protocol):
    """Slow on purpose; runs beside the event loop."""

    async def hash(self, password: str) -> str: ...

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Takes as long for None (no such account) as for a wrong password."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was given: status and JSON body."""

    status: int
    body: bytes


class Answers(Protocol):
    """Answers to requests with an Idempotency-Key, per account."""

    async def claim(
        self, account: AccountId, key: str, fingerprint: bytes, now: datetime
    ) -> Answer | datetime:
        """The answer given before; else when the key was claimed: now, or by a request that has no answer yet.

        Such a request runs at the same moment, or its process died. Raises Refused(IDEMPOTENCY_KEY_REUSED)
        for another request with this key.
        """
        ...

    async def keep(self, account: AccountId, key: str, answer: Answer) -> None: ...

    async def forget(self, account: AccountId, key: str) -> None:
        """The request was refused: the key is free again."""
        ...


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """UTC, aware."""
        ...


class Ids(Protocol):
    """New random names and secrets."""

    def account(self) -> AccountId: ...

    def chat(self) -> ChatId: ...

    def token(self) -> str:
        """256 random bits, URL-safe."""
        ...
