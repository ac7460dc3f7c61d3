"""What clients send to a room, and what a join answers with."""

from typing import Literal

from pydantic import Field

from palabre.domain.room.state import QUESTION_MAX, REASON_MAX, TITLE_MAX, HandsPolicy
from palabre.wire.chats import PersonaChoice
from palabre.wire.room import Counts, Participant, RoomSnapshot, Wire
from palabre.wire.times import Time

_TITLE = Field("", max_length=4 * TITLE_MAX, examples=["Friday talk"], description="0–64 characters.")


class NewRoom(Wire):
    title: str = Field(
        "", max_length=4 * TITLE_MAX, examples=["Friday talk"], description="Empty: the chat's name."
    )
    replace: bool = Field(False, description="Ends the chat's live voice chat, if there is one.")


class RoomUpdate(Wire):
    """What is left out stays."""

    title: str | None = Field(None, max_length=4 * TITLE_MAX, examples=["Friday talk, part two"])
    hands: HandsPolicy | None = None
    join_muted: bool | None = Field(None, description="Counts for later entries only.")


class JoinRoom(Wire):
    as_: PersonaChoice | None = Field(
        None, alias="as", description="Default: the remembered one, else yourself."
    )
    take_over: bool = Field(False, description="Leave the room on the device you are in with.")


class Edge(Wire):
    """Addresses of the media and event doors; each takes the ticket as Bearer."""

    whip: str
    whep: str
    events: str


class You(Wire):
    may_manage: bool
    may_speak: bool


class Joined(Wire):
    ticket: str = Field(description="JWT for the edge, good until `expires_at`. Join again for a new one.")
    expires_at: Time
    participant_id: str
    edge: Edge
    you: You
    snapshot: RoomSnapshot


class MicChange(Wire):
    state: Literal["live", "muted"]


class HandRaise(Wire):
    question: str | None = Field(
        None, max_length=4 * QUESTION_MAX, description=f"At most {QUESTION_MAX} characters; managers see it."
    )


class Removal(Wire):
    reason: str | None = Field(
        None, max_length=4 * REASON_MAX, description=f"At most {REASON_MAX} characters."
    )
    for_s: int | None = Field(None, ge=1, description="Seconds the removal lasts; null: until the room ends.")


class NewRecording(Wire):
    title: str = _TITLE


class ParticipantPage(Wire):
    """50 a page: who spoke lately first, then hands (for managers), then who came last."""

    items: list[Participant]
    next_cursor: str | None
    counts: Counts
