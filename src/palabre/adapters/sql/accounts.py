"""Accounts and their sign-ins."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from palabre.adapters.sql import rows
from palabre.adapters.sql import tables as t
from palabre.adapters.sql.chats import insert_chat
from palabre.adapters.sql.database import Database
from palabre.adapters.sql.lookup import Lookup
from palabre.domain.accounts import Account
from palabre.domain.chats import Chat, Member
from palabre.domain.ids import AccountId
from palabre.domain.refusal import Code, Refused


class SqlAccounts:
    """The port `accounts.ports.AccountStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, account: Account, password_hash: str, saved: Chat) -> None:
        """See `AccountStore`."""
        owner = Member(saved.id, account.id, owner=True, given=frozenset(), joined_at=account.created_at)
        values = {
            "id": account.id,
            "handle": account.handle,
            "display_name": account.display_name,
            "bio": account.bio,
            "locale": account.locale,
            "password_hash": password_hash,
            "created_at": account.created_at,
        }
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(t.accounts).values(values))
                await insert_chat(connection, saved, owner)
        except IntegrityError as error:
            raise Refused(Code.HANDLE_TAKEN) from error

    async def get(self, account: AccountId) -> Account | None:
        """See `AccountStore`."""
        async with self._database.read() as connection:
            found = await connection.execute(select(t.accounts).where(t.accounts.c.id == account))
            row = found.mappings().first()
        return None if row is None else rows.account(row)

    async def with_handle(self, handle: str) -> tuple[Account, str] | None:
        """See `AccountStore`."""
        async with self._database.read() as connection:
            found = await connection.execute(select(t.accounts).where(t.accounts.c.handle == handle))
            row = found.mappings().first()
        return None if row is None else (rows.account(row), row["password_hash"])

    async def change(self, account: Account) -> None:
        """See `AccountStore`."""
        profile = {"display_name": account.display_name, "bio": account.bio, "locale": account.locale}
        async with self._database.write() as connection:
            await connection.execute(update(t.accounts).where(t.accounts.c.id == account.id).values(profile))


class SqlSessions:
    """The port `accounts.ports.SessionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        whose = select(t.sessions.c.token_hash, t.sessions.c.expires_at, t.accounts).join(
            t.accounts, t.sessions.c.account_id == t.accounts.c.id
        )
        self._sign_ins = Lookup(database, whose, t.sessions.c.token_hash)

    async def add(
        self, token_hash: bytes, account: AccountId, *, created: datetime, expires: datetime
    ) -> None:
        """See `SessionStore`."""
        row = {
            "token_hash": token_hash,
            "account_id": account,
            "created_at": created,
            "expires_at": expires,
        }
        async with self._database.write() as connection:
            await connection.execute(insert(t.sessions).values(row))

    async def account_of(self, token_hash: bytes, now: datetime) -> Account | None:
        """See `SessionStore`."""
        row = await self._sign_ins.find(token_hash)
        return rows.account(row) if row is not None and row["expires_at"] > now else None

    async def remove(self, token_hash: bytes) -> None:
        """See `SessionStore`."""
        async with self._database.write() as connection:
            await connection.execute(delete(t.sessions).where(t.sessions.c.token_hash == token_hash))

    async def remove_expired(self, now: datetime) -> None:
        """See `SessionStore`."""
        async with self._database.write() as connection:
            await connection.execute(delete(t.sessions).where(t.sessions.c.expires_at <= now))
