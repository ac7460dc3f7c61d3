"""Members, invite links, remembered personas."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, delete, insert, or_, select, update

from palabre.adapters.sql import rows
from palabre.adapters.sql import tables as t
from palabre.adapters.sql.cursors import read_cursor, write_cursor
from palabre.adapters.sql.database import Database, insert_if_new
from palabre.adapters.sql.lookup import Lookup
from palabre.chats.ports import InviteLink
from palabre.domain.accounts import Account
from palabre.domain.chats import Member, Right
from palabre.domain.ids import AccountId, ChatId
from palabre.domain.personas import PersonaKind, PersonaRef


class SqlMembers:
    """The port `chats.ports.MemberStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, chat: ChatId, account: AccountId) -> Member | None:
        """See `MemberStore`."""
        query = select(t.members).where(t.members.c.chat_id == chat, t.members.c.account_id == account)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else rows.member(row)

    async def add(self, member: Member) -> None:
        """See `MemberStore`."""
        async with self._database.write() as connection:
            await connection.execute(insert_if_new(connection, t.members, rows.member_values(member)))

    async def remove(self, chat: ChatId, account: AccountId) -> None:
        """See `MemberStore`."""
        theirs = and_(t.members.c.chat_id == chat, t.members.c.account_id == account)
        async with self._database.write() as connection:
            await connection.execute(delete(t.members).where(theirs))

    async def set_rights(self, chat: ChatId, account: AccountId, given: frozenset[Right]) -> None:
        """See `MemberStore`."""
        theirs = and_(t.members.c.chat_id == chat, t.members.c.account_id == account)
        async with self._database.write() as connection:
            await connection.execute(update(t.members).where(theirs).values(rights=sorted(given)))

    async def page(
        self, chat: ChatId, *, after: str | None, size: int
    ) -> tuple[Sequence[tuple[Member, Account]], str | None]:
        """See `MemberStore`."""
        joined, who = t.members.c.joined_at, t.members.c.account_id
        columns = (t.members.c.chat_id, who, t.members.c.owner, t.members.c.rights, joined, t.accounts)
        query = select(*columns).join(t.accounts).where(t.members.c.chat_id == chat)
        if after is not None:
            at, last = read_cursor(after, datetime, str)
            query = query.where(or_(joined > at, and_(joined == at, who > last)))
        async with self._database.read() as connection:
            found = (await connection.execute(query.order_by(joined, who).limit(size + 1))).mappings().all()
        shown = [(rows.member(row), rows.account(row)) for row in found[:size]]
        if len(found) <= size:
            return shown, None
        return shown, write_cursor(shown[-1][0].joined_at, shown[-1][0].account)


class SqlInvites:
    """The port `chats.ports.InviteStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, link: InviteLink) -> None:
        """See `InviteStore`."""
        row = {
            "token": link.token,
            "chat_id": link.chat,
            "created_at": link.created_at,
            "expires_at": link.expires_at,
            "max_uses": link.max_uses,
            "uses": link.uses,
            "revoked": link.revoked,
        }
        async with self._database.write() as connection:
            await connection.execute(insert(t.invite_links).values(row))

    async def get(self, token: str) -> InviteLink | None:
        """See `InviteStore`."""
        async with self._database.read() as connection:
            found = await connection.execute(select(t.invite_links).where(t.invite_links.c.token == token))
            row = found.mappings().first()
        if row is None:
            return None
        return InviteLink(
            row["token"],
            ChatId(row["chat_id"]),
            row["created_at"],
            row["expires_at"],
            row["max_uses"],
            row["uses"],
            row["revoked"],
        )

    async def revoke(self, token: str) -> None:
        """See `InviteStore`."""
        async with self._database.write() as connection:
            link = update(t.invite_links).where(t.invite_links.c.token == token)
            await connection.execute(link.values(revoked=True))

    async def use(self, token: str) -> bool:
        """See `InviteStore`."""
        links = t.invite_links.c
        not_used_up = or_(links.max_uses.is_(None), links.uses < links.max_uses)
        statement = (
            update(t.invite_links).where(links.token == token, not_used_up).values(uses=links.uses + 1)
        )
        async with self._database.write() as connection:
            return (await connection.execute(statement)).rowcount == 1


class SqlPersonaChoices:
    """The port `chats.ports.PersonaChoices`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        choices = t.persona_choices.c
        self._choices = Lookup(database, select(t.persona_choices), choices.chat_id, choices.account_id)

    async def remember(self, chat: ChatId, account: AccountId, persona: PersonaRef) -> None:
        """See `PersonaChoices`."""
        key = {"chat_id": chat, "account_id": account}
        choice = {"persona_kind": persona.kind.value, "persona_id": persona.id}
        theirs = and_(t.persona_choices.c.chat_id == chat, t.persona_choices.c.account_id == account)
        async with self._database.write() as connection:
            changed = await connection.execute(update(t.persona_choices).where(theirs).values(choice))
            if changed.rowcount == 0:
                await connection.execute(insert_if_new(connection, t.persona_choices, key | choice))

    async def remembered(self, chat: ChatId, account: AccountId) -> PersonaRef | None:
        """See `PersonaChoices`."""
        row = await self._choices.find(chat, account)
        return None if row is None else PersonaRef(PersonaKind(row["persona_kind"]), row["persona_id"])
