"""What a chat's topic says: hints that something is new. Clients fetch it by HTTP."""

from typing import Literal

from palabre.wire.room import Wire


class ChatSnapshot(Wire):
    version: int


class ChatHint(Wire):
    type: Literal["messages_changed", "room_changed"]


class ChatChange(Wire):
    after: int
    version: int
    events: list[ChatHint]
