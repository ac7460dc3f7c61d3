"""Messages: what is said in a chat, by whom, and how the author appears."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from palabre.domain.accounts import Account
from palabre.domain.chats import Chat, ChatKind, Member, Right
from palabre.domain.ids import BlobId, ChatId, MessageId, RoomId
from palabre.domain.personas import PersonaKind
from palabre.domain.refusal import Code, Refused

TEXT_MAX = 4096
WAVEFORM_LEVELS = 100


@dataclass(frozen=True, slots=True)
class Author:
    """Who a message is from, as everybody sees it. Nothing here leads behind a mask."""

    kind: PersonaKind
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Voice:
    """Ogg Opus in a blob. `waveform`: 100 levels of 0..31."""

    blob: BlobId
    title: str
    duration_ms: int
    waveform: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RoomStarted:
    room: RoomId
    title: str


@dataclass(frozen=True, slots=True)
class RoomEnded:
    room: RoomId
    title: str
    duration_s: int


@dataclass(frozen=True, slots=True)
class RecordingLost:
    """A recording that could not be made; `reason` is a sentence."""

    title: str
    reason: str


Body: TypeAlias = Text | Voice | RoomStarted | RoomEnded | RecordingLost


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before the store gave it its place in the chat. `author` None: the server itself speaks."""

    id: MessageId
    chat: ChatId
    sent_at: datetime
    author: Author | None
    body: Body


@dataclass(frozen=True, slots=True)
class Message:
    """`seq` counts the chat's messages from 1 without gaps."""

    id: MessageId
    chat: ChatId
    seq: int
    sent_at: datetime
    author: Author | None
    body: Body


def checked_text(raw: str) -> Text:
    """A text of 1–4096 characters. Raises Refused(MESSAGE_EMPTY | TEXT_TOO_LONG)."""
    text = raw.strip()
    if not text:
        raise Refused(Code.MESSAGE_EMPTY)
    if len(text) > TEXT_MAX:
        raise Refused(Code.TEXT_TOO_LONG, limit={"characters": TEXT_MAX})
    return Text(text)


def author_of(account: Account, chat: Chat, member: Member) -> Author:
    """A channel speaks as itself, an anonymous admin as the group, everybody else under the own name."""
    if chat.kind is ChatKind.CHANNEL:
        return Author(PersonaKind.CHANNEL, chat.id, chat.title)
    if chat.kind is ChatKind.GROUP and Right.ANONYMOUS in member.rights:
        return Author(PersonaKind.GROUP, chat.id, chat.title)
    return Author(PersonaKind.ACCOUNT, account.id, account.display_name)
