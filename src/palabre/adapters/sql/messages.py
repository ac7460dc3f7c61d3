"""Messages, each with its place in the chat."""

from collections.abc import Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from palabre.adapters.sql import rows
from palabre.adapters.sql import tables as t
from palabre.adapters.sql.database import Database
from palabre.domain.ids import ChatId, MessageId
from palabre.domain.messages import Draft, Message


class SqlMessages:
    """The port `chats.ports.MessageStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, draft: Draft, *, once: str | None = None) -> Message:
        """See `MessageStore`."""
        async with self._database.write() as connection:
            seq = await self._lock(connection, draft.chat) + 1
            if once is not None:
                first = select(t.messages).where(t.messages.c.once == once)
                row = (await connection.execute(first)).mappings().first()
                if row is not None:
                    return rows.message(row)
            chat = update(t.chats).where(t.chats.c.id == draft.chat)
            await connection.execute(chat.values(last_seq=seq, active_at=draft.sent_at))
            await connection.execute(insert(t.messages).values(_values(draft, seq, once)))
        return Message(draft.id, draft.chat, seq, draft.sent_at, draft.author, draft.body)

    async def get(self, message: MessageId) -> Message | None:
        """See `MessageStore`."""
        async with self._database.read() as connection:
            found = await connection.execute(select(t.messages).where(t.messages.c.id == message))
            row = found.mappings().first()
        return None if row is None else rows.message(row)

    async def page(self, chat: ChatId, *, before: int | None, size: int) -> Sequence[Message]:
        """See `MessageStore`."""
        query = select(t.messages).where(t.messages.c.chat_id == chat)
        if before is not None:
            query = query.where(t.messages.c.seq < before)
        async with self._database.read() as connection:
            found = await connection.execute(query.order_by(t.messages.c.seq.desc()).limit(size))
            return [rows.message(row) for row in found.mappings()]

    async def _lock(self, connection: AsyncConnection, chat: ChatId) -> int:
        """The chat's last seq. Until the transaction ends nobody else may take the next one."""
        query = select(t.chats.c.last_seq).where(t.chats.c.id == chat).with_for_update()
        return int((await connection.execute(query)).scalar_one())


def _values(draft: Draft, seq: int, once: str | None) -> rows.Json:
    kind, body = rows.body_values(draft.body)
    return {
        "id": draft.id,
        "chat_id": draft.chat,
        "seq": seq,
        "sent_at": draft.sent_at,
        "author": rows.author_value(draft.author),
        "kind": kind,
        "body": body,
        "once": once,
    }
