"""Messages on the wire."""

from typing import Annotated, Literal, TypeAlias, assert_never

from pydantic import Field

from palabre.domain import messages
from palabre.domain.personas import PersonaKind
from palabre.wire.room import Wire
from palabre.wire.times import Time


class Author(Wire):
    kind: PersonaKind
    id: str
    name: str


class RoomStarted(Wire):
    type: Literal["room_started"] = "room_started"
    room_id: str
    title: str


class RoomEnded(Wire):
    type: Literal["room_ended"] = "room_ended"
    room_id: str
    title: str
    duration_s: int


class RecordingFailed(Wire):
    """In Saved Messages: a recording that could not be made, and why."""

    type: Literal["recording_failed"] = "recording_failed"
    title: str
    reason: str


Service: TypeAlias = Annotated[RoomStarted | RoomEnded | RecordingFailed, Field(discriminator="type")]


class Voice(Wire):
    url: str = Field(description="Ogg Opus; answers Range requests.")
    duration_ms: int
    waveform: list[int] = Field(description="100 levels of 0..31.")
    title: str


class Message(Wire):
    id: str = Field(examples=["msg_3KqWm9XzRtYb7LcVnHsPd2"])
    chat_id: str
    seq: int = Field(description="Counts the chat's messages from 1.")
    kind: Literal["text", "voice", "service"]
    sent_at: Time
    author: Author | None = Field(description="null: the server itself speaks.")
    text: str | None = None
    service: Service | None = None
    voice: Voice | None = None


class MessagePage(Wire):
    """Newest first. `next_cursor` is the next page's `before`."""

    items: list[Message]
    next_cursor: str | None


class NewMessage(Wire):
    text: str = Field(
        max_length=4 * messages.TEXT_MAX, examples=["Good evening."], description="1–4096 characters."
    )


def message(known: messages.Message) -> Message:
    """The message as everybody who may read the chat sees it."""
    kind, text, service, voice = _body(known)
    return Message(
        id=known.id,
        chat_id=known.chat,
        seq=known.seq,
        kind=kind,
        sent_at=known.sent_at,
        author=None if known.author is None else Author.model_validate(known.author),
        text=text,
        service=service,
        voice=voice,
    )


_Body: TypeAlias = tuple[Literal["text", "voice", "service"], str | None, Service | None, Voice | None]


def _body(known: messages.Message) -> _Body:
    match known.body:
        case messages.Text(text):
            return "text", text, None, None
        case messages.Voice() as voice:
            url = f"/api/v1/messages/{known.id}/audio"
            spelled = Voice(
                url=url, duration_ms=voice.duration_ms, waveform=list(voice.waveform), title=voice.title
            )
            return "voice", None, None, spelled
        case messages.RoomStarted(room, title):
            return "service", None, RoomStarted(room_id=room, title=title), None
        case messages.RoomEnded(room, title, duration_s):
            return "service", None, RoomEnded(room_id=room, title=title, duration_s=duration_s), None
        case messages.RecordingLost(title, reason):
            return "service", None, RecordingFailed(title=title, reason=reason), None
        case _:
            assert_never(known.body)
