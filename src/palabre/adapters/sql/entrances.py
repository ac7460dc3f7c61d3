"""All that is asked of the database before somebody is let into a room, in one question."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, Table, and_, select, true

from palabre.adapters.sql import rows
from palabre.adapters.sql import tables as t
from palabre.adapters.sql.database import Database
from palabre.adapters.sql.lookup import Lookup
from palabre.chats.ports import Entrance, LastPersona, Place
from palabre.domain.ids import RoomId
from palabre.domain.personas import PersonaKind, PersonaRef

_OTHERS = {"account": t.accounts, "chat": t.chats, "member": t.members, "choice": t.persona_choices}
"""Whose columns have names that occur twice: they are told apart by what stands before them."""


class SqlEntrances:
    """The port `chats.ports.Entrances`."""

    def __init__(self, database: Database) -> None:
        self._entrances = Lookup(database, _question(), t.sessions.c.token_hash, t.rooms.c.id)

    async def find(self, token_hash: bytes, room: RoomId, now: datetime) -> Entrance | None:
        """See `Entrances`."""
        row = await self._entrances.find(token_hash, room)
        if row is None or row["expires_at"] <= now:
            return None
        mine = None if row["member_joined_at"] is None else rows.member(_Part(row, "member"))
        choice = row["choice_persona_kind"]
        return Entrance(
            account=rows.account(_Part(row, "account")),
            version=row["version"],
            there=Place(rows.chat(_Part(row, "chat")), mine),
            last=LastPersona(choice and PersonaRef(PersonaKind(choice), row["choice_persona_id"])),
        )


class _Part:
    """The columns of one table in a row of several."""

    __slots__ = ("_prefix", "_row")

    def __init__(self, row: rows.Row, table: str) -> None:
        self._row = row
        self._prefix = f"{table}_"

    def __getitem__(self, column: str, /) -> Any:
        return self._row[self._prefix + column]


def _question() -> Select[Any]:
    """Nothing when there is no such sign-in, or no such room."""
    members, choices = t.members.c, t.persona_choices.c
    account, chat = t.sessions.c.account_id, t.rooms.c.chat_id
    own = (t.sessions.c.token_hash, t.sessions.c.expires_at, t.rooms.c.id, t.rooms.c.version)
    others = [
        column.label(f"{name}_{column.name}") for name, table in _OTHERS.items() for column in _shown(table)
    ]
    return (
        select(*own, *others)
        .select_from(t.sessions)
        .join(t.accounts, t.accounts.c.id == account)
        .join(t.rooms, true())
        .join(t.chats, t.chats.c.id == chat)
        .outerjoin(t.members, and_(members.chat_id == chat, members.account_id == account))
        .outerjoin(t.persona_choices, and_(choices.chat_id == chat, choices.account_id == account))
    )


def _shown(table: Table) -> list[Any]:
    return [column for column in table.c if column.name not in ("password_hash", "active_at", "last_seq")]
