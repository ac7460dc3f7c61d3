"""Sign-up, sign-in, sign-out, profile."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from palabre.accounts.ports import AccountStore, Clock, Ids, Passwords, SessionStore
from palabre.domain.accounts import Account, checked_bio, checked_handle, checked_name, checked_password
from palabre.domain.chats import Chat, ChatKind, Visibility
from palabre.domain.refusal import Code, Refused

SAVED_TITLE = "Saved Messages"
"""Clients show their own word for it, in the reader's language."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`token` is told once and kept by nobody but the client."""

    account: Account
    token: str
    expires_at: datetime


class Accounts:
    """Everything a person does with its own account."""

    def __init__(
        self,
        store: AccountStore,
        sessions: SessionStore,
        passwords: Passwords,
        *,
        clock: Clock,
        ids: Ids,
        session_length: timedelta,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._passwords = passwords
        self._clock = clock
        self._ids = ids
        self._session_length = session_length

    async def sign_up(self, *, handle: str, display_name: str, password: str, locale: str) -> Account:
        """A new account with its Saved Messages. Raises Refused(HANDLE_TAKEN and what `checked_*` say)."""
        now = self._clock.now()
        account = Account(
            id=self._ids.account(),
            handle=checked_handle(handle),
            display_name=checked_name(display_name),
            bio="",
            locale=locale,
            created_at=now,
        )
        password_hash = await self._passwords.hash(checked_password(password))
        saved = Chat(
            id=self._ids.chat(),
            kind=ChatKind.SAVED,
            title=SAVED_TITLE,
            handle=None,
            visibility=Visibility.PRIVATE,
            description="",
            created_at=now,
        )
        await self._store.add(account, password_hash, saved)
        return account

    async def sign_in(self, handle: str, password: str) -> SignedIn:
        """Raises Refused(WRONG_CREDENTIALS), after the same time whether or not the handle exists."""
        found = await self._store.with_handle(handle.strip().removeprefix("@").lower())
        matches = await self._passwords.matches(found[1] if found else None, password)
        if found is None or not matches:
            raise Refused(Code.WRONG_CREDENTIALS)
        now = self._clock.now()
        await self._sessions.remove_expired(now)
        token, expires = self._ids.token(), now + self._session_length
        await self._sessions.add(hashed(token), found[0].id, created=now, expires=expires)
        return SignedIn(found[0], token, expires)

    async def whose(self, token: str) -> Account | None:
        """The account a session token belongs to; None when it is unknown or expired."""
        return await self._sessions.account_of(hashed(token), self._clock.now())

    async def sign_out(self, token: str) -> None:
        await self._sessions.remove(hashed(token))

    async def change_profile(
        self,
        account: Account,
        *,
        display_name: str | None = None,
        bio: str | None = None,
        locale: str | None = None,
    ) -> Account:
        """The account with what is not None changed. Raises Refused(NAME_INVALID | TEXT_TOO_LONG)."""
        changed = replace(
            account,
            display_name=account.display_name if display_name is None else checked_name(display_name),
            bio=account.bio if bio is None else checked_bio(bio),
            locale=account.locale if locale is None else locale,
        )
        await self._store.change(changed)
        return changed


def hashed(token: str) -> bytes:
    """A session token as the stores know it. SHA-256 is enough: of 256 random bits there is nothing to guess."""
    return hashlib.sha256(token.encode()).digest()
