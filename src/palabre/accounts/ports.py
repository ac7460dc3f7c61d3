"""What accounts need from the world, each a small Protocol named by its role."""

from datetime import datetime
from typing import Protocol

from palabre.domain.accounts import Account
from palabre.domain.chats import Chat
from palabre.domain.ids import AccountId, ChatId


class AccountStore(Protocol):
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


class Clock(Protocol):
    def now(self) -> datetime:
        """UTC, aware."""
        ...


class Ids(Protocol):
    def account(self) -> AccountId: ...

    def chat(self) -> ChatId: ...

    def token(self) -> str:
        """256 random bits, URL-safe."""
        ...
