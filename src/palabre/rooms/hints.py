"""The chats' own topics: hints that a chat has something new, for clients that have it open."""

from collections import OrderedDict

import structlog

from palabre.domain.ids import ChatId
from palabre.rooms.media_events import SnapshotWanted
from palabre.rooms.ports import MediaBusy, Publisher
from palabre.wire.chat import ChatChange, ChatHint, ChatSnapshot
from palabre.wire.topics import MEMBER, chat_of, chat_topic

log = structlog.get_logger(__name__)

OPEN_CHATS = 10_000
"""Chats somebody may have open. One more, and the one quiet for longest is closed: its clients reconnect."""


class ChatTopics:
    """Counts each chat's hints from `first_version`.

    Give a number that grows from one start to the next, such as the seconds of the clock: a client that
    comes back after a restart then never names a version of the new process.
    """

    def __init__(self, publisher: Publisher, *, first_version: int = 1) -> None:
        self._publisher = publisher
        self._first_version = first_version
        self._versions: OrderedDict[ChatId, int] = OrderedDict()
        self._owed: set[ChatId] = set()

    @property
    def owes(self) -> bool:
        """Whether `tick` has something to try again."""
        return bool(self._owed)

    def room_changed(self, chat: ChatId) -> None:
        """The chat's room began, ended, or looks different in the live bar."""
        self._tell(chat, ChatHint(type="room_changed"))

    def messages_changed(self, chat: ChatId) -> None:
        """The chat has a new message."""
        self._tell(chat, ChatHint(type="messages_changed"))

    def answer(self, wanted: SnapshotWanted) -> None:
        """Gives the engine the snapshot somebody waits for. From now on the chat's hints are published."""
        chat = chat_of(wanted.topic)
        if chat is not None and wanted.view == MEMBER:
            self._snapshot(chat)

    def tick(self) -> None:
        """Tries again what the engine had no room for."""
        for chat in tuple(self._owed):
            self._snapshot(chat)

    def _snapshot(self, chat: ChatId) -> None:
        version = self._versions.setdefault(chat, self._first_version)
        self._make_place()
        data = ChatSnapshot(version=version).model_dump_json().encode()
        try:
            self._publisher.snapshot(chat_topic(chat), MEMBER, version, data)
            self._owed.discard(chat)
        except MediaBusy:
            self._owed.add(chat)

    def _tell(self, chat: ChatId, hint: ChatHint) -> None:
        before = self._versions.get(chat)
        if before is None:
            return  # nobody has had it open since the start
        self._versions[chat] = before + 1
        self._versions.move_to_end(chat)
        change = ChatChange(after=before, version=before + 1, events=[hint])
        data = change.model_dump_json().encode()
        try:
            self._publisher.publish(chat_topic(chat), MEMBER, before, before + 1, data)
        except MediaBusy:
            # The gap shows at the next hint; a fresh snapshot closes it.
            self._owed.add(chat)

    def _make_place(self) -> None:
        while len(self._versions) > OPEN_CHATS:
            quiet, _ = self._versions.popitem(last=False)
            try:
                self._publisher.close_topic(chat_topic(quiet))
            except MediaBusy:
                log.warning("the engine had no room for a command", command="close_topic")
