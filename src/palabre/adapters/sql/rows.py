"""Rows as domain values, and back."""

from typing import Any, Protocol, TypeAlias, assert_never

from palabre.domain import messages as m
from palabre.domain.accounts import Account
from palabre.domain.chats import Chat, ChatKind, Member, Right, Visibility
from palabre.domain.ids import AccountId, BlobId, ChatId, MessageId, RoomId
from palabre.domain.personas import PersonaKind

Json: TypeAlias = dict[str, Any]


class Row(Protocol):
    """A row by the names of its columns."""

    def __getitem__(self, column: str, /) -> Any: ...


def account(row: Row) -> Account:
    """From columns of `accounts`."""
    return Account(
        AccountId(row["id"]),
        row["handle"],
        row["display_name"],
        row["bio"],
        row["locale"],
        row["created_at"],
    )


def chat(row: Row) -> Chat:
    """From columns of `chats`."""
    return Chat(
        ChatId(row["id"]),
        ChatKind(row["kind"]),
        row["title"],
        row["handle"],
        Visibility(row["visibility"]),
        row["description"],
        row["created_at"],
    )


def chat_values(known: Chat) -> Json:
    """What may change of a chat."""
    return {
        "kind": known.kind.value,
        "title": known.title,
        "handle": known.handle,
        "visibility": known.visibility.value,
        "description": known.description,
    }


def member(row: Row) -> Member:
    """From columns of `members`."""
    given = frozenset(Right(right) for right in row["rights"])
    return Member(ChatId(row["chat_id"]), AccountId(row["account_id"]), row["owner"], given, row["joined_at"])


def member_values(known: Member) -> Json:
    """The whole row."""
    return {
        "chat_id": known.chat,
        "account_id": known.account,
        "owner": known.owner,
        "rights": sorted(known.given),
        "joined_at": known.joined_at,
    }


def message(row: Row) -> m.Message:
    """From columns of `messages`."""
    by = row["author"]
    return m.Message(
        MessageId(row["id"]),
        ChatId(row["chat_id"]),
        row["seq"],
        row["sent_at"],
        None if by is None else m.Author(PersonaKind(by["kind"]), by["id"], by["name"]),
        _body(row["kind"], row["body"]),
    )


def author_value(author: m.Author | None) -> Json | None:
    """As `messages.author` keeps it."""
    return None if author is None else {"kind": author.kind.value, "id": author.id, "name": author.name}


def body_values(body: m.Body) -> tuple[str, Json]:
    """The stable name of the kind, and its data."""
    match body:
        case m.Text(text):
            return "text", {"text": text}
        case m.Voice(blob, title, duration_ms, waveform):
            data = {"blob": blob, "title": title, "duration_ms": duration_ms, "waveform": list(waveform)}
            return "voice", data
        case m.RoomStarted(room, title):
            return "room_started", {"room": room, "title": title}
        case m.RoomEnded(room, title, duration_s):
            return "room_ended", {"room": room, "title": title, "duration_s": duration_s}
        case m.RecordingLost(title, reason):
            return "recording_lost", {"title": title, "reason": reason}
        case _:
            assert_never(body)


def _body(kind: str, data: Json) -> m.Body:
    match kind:
        case "text":
            return m.Text(data["text"])
        case "voice":
            waveform = tuple(data["waveform"])
            return m.Voice(BlobId(data["blob"]), data["title"], data["duration_ms"], waveform)
        case "room_started":
            return m.RoomStarted(RoomId(data["room"]), data["title"])
        case "room_ended":
            return m.RoomEnded(RoomId(data["room"]), data["title"], data["duration_s"])
        case "recording_lost":
            return m.RecordingLost(data["title"], data["reason"])
        case _:
            raise ValueError(f"a message of kind {kind!r}: the database is newer than this program")
