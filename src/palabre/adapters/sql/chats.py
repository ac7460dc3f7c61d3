"""Chats as their members and visitors find them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, case, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from palabre.adapters.sql import rows
from palabre.adapters.sql import tables as t
from palabre.adapters.sql.cursors import read_cursor, write_cursor
from palabre.adapters.sql.database import Database
from palabre.adapters.sql.lookup import Lookup
from palabre.chats.ports import Card, Place
from palabre.domain.chats import Chat, ChatKind, Member, Visibility
from palabre.domain.ids import AccountId, ChatId
from palabre.domain.refusal import Code, Refused

_MINE = t.members.alias("mine")
_RANK = case((t.chats.c.kind == ChatKind.SAVED.value, 0), else_=1)
"""Saved Messages come first."""


class SqlChats:
    """The port `chats.ports.ChatStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chats = Lookup(database, select(t.chats), t.chats.c.id)
        self._members = Lookup(database, select(t.members), t.members.c.chat_id, t.members.c.account_id)

    async def add(self, chat: Chat, owner: Member) -> None:
        """See `ChatStore`."""
        try:
            async with self._database.write() as connection:
                await insert_chat(connection, chat, owner)
        except IntegrityError as error:
            raise Refused(Code.HANDLE_TAKEN) from error

    async def change(self, chat: Chat) -> None:
        """See `ChatStore`."""
        statement = update(t.chats).where(t.chats.c.id == chat.id).values(rows.chat_values(chat))
        try:
            async with self._database.write() as connection:
                await connection.execute(statement)
        except IntegrityError as error:
            raise Refused(Code.HANDLE_TAKEN) from error

    async def get(self, chat: ChatId) -> Chat | None:
        """See `ChatStore`."""
        row = await self._chats.find(chat)
        return None if row is None else rows.chat(row)

    async def card(self, chat: ChatId, viewer: AccountId) -> Card | None:
        """See `ChatStore`."""
        found = await self._cards(_cards(viewer).where(t.chats.c.id == chat), viewer)
        return found[0] if found else None

    async def place(self, chat: ChatId, viewer: AccountId) -> Place | None:
        """See `ChatStore`."""
        known = await self.get(chat)
        if known is None:
            return None
        mine = await self._members.find(chat, viewer)
        return Place(known, None if mine is None else rows.member(mine))

    async def of(
        self, account: AccountId, *, after: str | None, size: int
    ) -> tuple[Sequence[Card], str | None]:
        """See `ChatStore`."""
        order = (_RANK, t.chats.c.active_at.desc(), t.chats.c.id)
        query = _cards(account).where(_MINE.c.account_id.is_not(None)).order_by(*order).limit(size + 1)
        if after is not None:
            query = query.where(_beyond(*read_cursor(after, int, datetime, str)))
        async with self._database.read() as connection:
            found = (await connection.execute(query)).mappings().all()
        shown = found[:size]
        cards = [_card(row, account) for row in shown]
        if len(found) <= size:
            return cards, None
        last = shown[-1]
        rank = 0 if last["kind"] == ChatKind.SAVED else 1
        return cards, write_cursor(rank, last["active_at"], last["id"])

    async def search(self, query: str, viewer: AccountId, *, size: int) -> Sequence[Card]:
        """See `ChatStore`."""
        words = query.lower()
        matches = or_(
            func.lower(t.chats.c.title).contains(words, autoescape=True),
            t.chats.c.handle.contains(words, autoescape=True),
        )
        public = t.chats.c.visibility == Visibility.PUBLIC.value
        newest_first = t.chats.c.active_at.desc()
        return await self._cards(
            _cards(viewer).where(public, matches).order_by(newest_first).limit(size), viewer
        )

    async def owned(self, account: AccountId) -> Sequence[Chat]:
        """See `ChatStore`."""
        query = (
            select(t.chats)
            .join(t.members)
            .where(
                t.members.c.account_id == account, t.members.c.owner, t.chats.c.kind != ChatKind.SAVED.value
            )
            .order_by(t.chats.c.created_at, t.chats.c.id)
        )
        async with self._database.read() as connection:
            return [rows.chat(row) for row in (await connection.execute(query)).mappings()]

    async def saved_of(self, account: AccountId) -> ChatId:
        """See `ChatStore`."""
        query = (
            select(t.chats.c.id)
            .join(t.members)
            .where(
                t.members.c.account_id == account, t.members.c.owner, t.chats.c.kind == ChatKind.SAVED.value
            )
        )
        async with self._database.read() as connection:
            return ChatId((await connection.execute(query)).scalar_one())

    async def _cards(self, query: Select[Any], viewer: AccountId) -> list[Card]:
        async with self._database.read() as connection:
            return [_card(row, viewer) for row in (await connection.execute(query)).mappings()]


async def insert_chat(connection: AsyncConnection, chat: Chat, owner: Member) -> None:
    """The chat and its first member, in the caller's transaction."""
    values = {
        **rows.chat_values(chat),
        "id": chat.id,
        "created_at": chat.created_at,
        "active_at": chat.created_at,
        "last_seq": 0,
    }
    await connection.execute(insert(t.chats).values(values))
    await connection.execute(insert(t.members).values(rows.member_values(owner)))


def _cards(viewer: AccountId) -> Select[Any]:
    mine = and_(_MINE.c.chat_id == t.chats.c.id, _MINE.c.account_id == viewer)
    columns = (
        _member_count().label("member_count"),
        _MINE.c.owner.label("owner"),
        _MINE.c.rights.label("rights"),
        _MINE.c.joined_at.label("joined_at"),
    )
    return select(t.chats, *columns).outerjoin(_MINE, mine)


def _member_count() -> ScalarSelect[int]:
    here = t.members.c.chat_id == t.chats.c.id
    return select(func.count()).select_from(t.members).where(here).scalar_subquery()


def _card(row: rows.Row, viewer: AccountId) -> Card:
    mine = None
    if row["joined_at"] is not None:
        rest = {column: row[column] for column in ("owner", "rights", "joined_at")}
        mine = rows.member({"chat_id": row["id"], "account_id": viewer, **rest})
    return Card(rows.chat(row), mine, row["member_count"])


def _beyond(rank: Any, active_at: Any, chat: Any) -> ColumnElement[bool]:
    """After the cursor in the order of `SqlChats.of`."""
    same_rank = and_(
        rank == _RANK,
        or_(t.chats.c.active_at < active_at, and_(t.chats.c.active_at == active_at, t.chats.c.id > chat)),
    )
    return or_(rank < _RANK, same_rank)
