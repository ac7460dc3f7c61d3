"""What live rooms ask of chats, and leave in them."""

from collections.abc import Sequence
from datetime import datetime

from palabre.adapters import once
from palabre.chats.directory import Directory
from palabre.chats.ports import ChatStore, Hints, Ids, MessageStore
from palabre.domain import messages as m
from palabre.domain.ids import AccountId, BlobId, ChatId, RecordingId, RoomId
from palabre.domain.refusal import Code, Refused
from palabre.domain.room.policy import actor_of
from palabre.domain.room.state import Actor
from palabre.rooms.ports import ChatFacts


class ChatGate:
    """The port `rooms.ports.Chats`."""

    def __init__(self, directory: Directory, chats: ChatStore) -> None:
        self._directory = directory
        self._chats = chats

    async def actor(self, chat: ChatId, account: AccountId) -> Actor:
        """See `Chats`."""
        return actor_of(account, (await self._directory.place(chat, account)).mine)

    async def facts(self, chat: ChatId) -> ChatFacts:
        """See `Chats`. Raises Refused(CHAT_NOT_FOUND)."""
        found = await self._chats.get(chat)
        if found is None:
            raise Refused(Code.CHAT_NOT_FOUND)
        return ChatFacts(found.kind, found.title)


class RoomMessages:
    """The port `rooms.ports.ChatLog`: service and voice messages. The server itself is their author."""

    def __init__(self, store: MessageStore, chats: ChatStore, hints: Hints, ids: Ids) -> None:
        self._store = store
        self._chats = chats
        self._hints = hints
        self._ids = ids

    async def room_started(self, chat: ChatId, room: RoomId, title: str, at: datetime) -> None:
        """See `ChatLog`."""
        await self._leave(chat, at, m.RoomStarted(room, title), once=once.room_started(room))

    async def room_ended(self, chat: ChatId, room: RoomId, title: str, at: datetime, duration_s: int) -> None:
        """See `ChatLog`."""
        await self._leave(chat, at, m.RoomEnded(room, title, duration_s), once=once.room_ended(room))

    async def voice_message(
        self,
        to: AccountId,
        *,
        recording: RecordingId,
        blob: BlobId,
        title: str,
        duration_ms: int,
        waveform: Sequence[int],
        at: datetime,
    ) -> None:
        """See `ChatLog`."""
        body = m.Voice(blob, title, duration_ms, tuple(waveform))
        await self._leave(await self._chats.saved_of(to), at, body, once=f"{recording}:voice")

    async def recording_failed(
        self, to: AccountId, *, recording: RecordingId, title: str, reason: str, at: datetime
    ) -> None:
        """See `ChatLog`."""
        body = m.RecordingLost(title, reason)
        await self._leave(await self._chats.saved_of(to), at, body, once=f"{recording}:failed")

    async def _leave(self, chat: ChatId, at: datetime, body: m.Body, *, once: str) -> None:
        await self._store.add(m.Draft(self._ids.message(), chat, at, None, body), once=once)
        self._hints.messages_changed(chat)
