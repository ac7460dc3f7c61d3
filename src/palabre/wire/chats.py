"""Chats, members, invite links and personas on the wire."""

from typing import Literal

from pydantic import Field

from palabre.domain.accounts import BIO_MAX, NAME_MAX
from palabre.domain.chats import ChatKind, Right, Visibility
from palabre.domain.personas import PersonaKind
from palabre.wire.room import Persona, Wire
from palabre.wire.times import Time


class MyPart(Wire):
    """What the asking account is in the chat."""

    member: bool
    owner: bool
    rights: list[Right]


class LiveRoom(Wire):
    """The live bar."""

    id: str = Field(examples=["room_2nD9tYx4bQw7LmKc3VfRsa"])
    title: str = Field(examples=["Friday talk"])
    started_at: Time
    in_room: int = Field(examples=[12])
    recent_speakers: list[str] = Field(description="Names of up to 3 who spoke last.", examples=[["Ada"]])


class Chat(Wire):
    id: str = Field(examples=["chat_7HsKd2PqWm4XzRtYb9LcVn"])
    kind: ChatKind
    title: str = Field(examples=["Night Radio"])
    handle: str | None = Field(examples=["night_radio"])
    visibility: Visibility
    description: str = Field(examples=["Talks until dawn."])
    member_count: int = Field(examples=[128])
    my: MyPart
    live_room: LiveRoom | None


class ChatPage(Wire):
    items: list[Chat]
    next_cursor: str | None


class NewChat(Wire):
    kind: Literal[ChatKind.GROUP, ChatKind.CHANNEL]
    title: str = Field(max_length=4 * NAME_MAX, examples=["Night Radio"], description="1–64 characters.")
    handle: str | None = Field(
        None, max_length=64, examples=["night_radio"], description="Public chats need one."
    )
    visibility: Visibility = Visibility.PRIVATE
    description: str = Field("", max_length=4 * BIO_MAX, examples=["Talks until dawn."])


class ChatUpdate(Wire):
    """What is left out stays. A chat that becomes private loses its handle."""

    title: str | None = Field(None, max_length=4 * NAME_MAX)
    description: str | None = Field(None, max_length=4 * BIO_MAX)
    visibility: Visibility | None = None
    handle: str | None = Field(None, max_length=64)


class Member(Wire):
    account_id: str
    handle: str
    display_name: str
    owner: bool
    rights: list[Right] = Field(description="What an admin was given; the owner has all but `anonymous`.")
    joined_at: Time


class MemberPage(Wire):
    items: list[Member]
    next_cursor: str | None


class RightsChange(Wire):
    rights: list[Right] = Field(
        max_length=len(Right), description="All of them; an empty list makes a plain member."
    )


class NewInviteLink(Wire):
    expires_in_s: int | None = Field(None, ge=60, le=365 * 86_400, description="Seconds; null: never.")
    max_uses: int | None = Field(None, ge=1, le=100_000, description="null: as often as anybody likes.")


class InviteLink(Wire):
    token: str
    expires_at: Time | None
    max_uses: int | None


class PersonaChoice(Wire):
    kind: PersonaKind
    id: str = Field(max_length=64)


class Personas(Wire):
    items: list[Persona] = Field(description="Who you may join as; yourself first.")
    remembered: PersonaChoice | None = Field(description="Who you were here last time, if you may still be.")


class EventsTicket(Wire):
    ticket: str
    expires_at: Time
    events: str = Field(description="Address of the chat's event stream; add the ticket.")
