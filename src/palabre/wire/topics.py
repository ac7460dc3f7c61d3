"""Names of event topics, as tickets and the engine know them."""

from palabre.domain.ids import ChatId, RoomId

MEMBER = "member"
"""The only kind of viewer a chat topic has."""

_ROOM = "room:"
_CHAT = "chat:"


def room_topic(room: RoomId) -> str:
    return _ROOM + room


def chat_topic(chat: ChatId) -> str:
    return _CHAT + chat


def room_of(topic: str) -> RoomId | None:
    return RoomId(topic.removeprefix(_ROOM)) if topic.startswith(_ROOM) else None


def chat_of(topic: str) -> ChatId | None:
    return ChatId(topic.removeprefix(_CHAT)) if topic.startswith(_CHAT) else None
