"""One chat, its people, and what rooms leave in it."""

from collections.abc import Sequence
from typing import Any

from palabre.domain.chats import ChatKind
from palabre.domain.ids import AccountId, ChatId
from palabre.domain.personas import Persona, PersonaKind
from palabre.domain.refusal import Code, Refused
from palabre.domain.room.state import Actor
from palabre.rooms.ports import ChatFacts

CHAT = ChatId("chat_1")


class OneChat:
    """Chats. Everybody owns the channel `<name>-radio`."""

    def __init__(self, kind: ChatKind = ChatKind.CHANNEL) -> None:
        self.kind = kind
        self.people: dict[AccountId, Actor] = {}

    def add(self, name: str, *, member: bool = True, manager: bool = False) -> AccountId:
        account = AccountId(f"acc_{name}")
        self.people[account] = Actor(account, member, manager)
        return account

    async def actor(self, chat: ChatId, account: AccountId) -> Actor:
        if account not in self.people:
            raise Refused(Code.CHAT_NOT_FOUND)
        return self.people[account]

    async def facts(self, chat: ChatId) -> ChatFacts:
        return ChatFacts(self.kind, "The sea")

    async def personas(self, chat: ChatId, account: AccountId) -> Sequence[Persona]:
        name = account.removeprefix("acc_")
        return [
            Persona(PersonaKind.ACCOUNT, account, name.title(), name, ""),
            Persona(PersonaKind.CHANNEL, f"chat_{name}", f"{name}-radio", None, "A channel."),
        ]


class MemoryChatLog:
    """ChatLog: a line per message, kept once."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str], dict[str, Any]] = {}

    async def room_started(self, chat: Any, room: Any, title: str, at: Any) -> None:
        self.lines.setdefault(("room_started", room), {"title": title})

    async def room_ended(self, chat: Any, room: Any, title: str, at: Any, duration_s: int) -> None:
        self.lines.setdefault(("room_ended", room), {"title": title, "duration_s": duration_s})

    async def voice_message(self, to: AccountId, **words: Any) -> None:
        self.lines.setdefault(("voice", words["recording"]), {"to": to, **words})

    async def recording_failed(self, to: AccountId, **words: Any) -> None:
        self.lines.setdefault(("recording_failed", words["recording"]), {"to": to, **words})
