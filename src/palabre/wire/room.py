"""A room on the wire: snapshots and changes, as `docs/protocol.md` tells them.

The models read the domain's views by attribute: they decide who may see what, this module only spells it.
"""

from typing import Annotated, Literal, TypeAlias, assert_never

from pydantic import BaseModel, ConfigDict, Field

from palabre.domain.personas import PersonaKind
from palabre.domain.room import changes, views
from palabre.domain.room.participant import Mic
from palabre.domain.room.state import HandsPolicy
from palabre.domain.room.views import Role
from palabre.wire.times import Time


class Wire(BaseModel):
    """Frozen, and made from a domain view with `model_validate(view)`."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Persona(Wire):
    kind: PersonaKind
    id: str
    name: str
    handle: str | None
    bio: str


class Hand(Wire):
    raised_at: Time
    question: str | None = Field(description="Managers only; null for everybody else.")


class Participant(Wire):
    id: str
    csrc: int = Field(description="Names the participant in the CSRC list of RTP packets.")
    persona: Persona
    role: Role
    mic: Mic
    hand: Hand | None
    joined_at: Time


class Recording(Wire):
    id: str
    title: str
    started_at: Time


class Room(Wire):
    id: str
    chat_id: str
    title: str
    state: Literal["live", "ended"]
    started_at: Time
    join_muted: bool
    hands: HandsPolicy
    recording: Recording | None


class Counts(Wire):
    in_room: int
    speakers: int
    hands: int


class RoomSnapshot(Wire):
    version: int
    room: Room
    counts: Counts
    participants: list[Participant] = Field(
        description="The stage and who has a hand up; other listeners come by the paged list."
    )


class TitleChanged(Wire):
    type: Literal["title_changed"] = "title_changed"
    title: str


class RecordingChanged(Wire):
    type: Literal["recording_changed"] = "recording_changed"
    recording: Recording | None


class HandsPolicyChanged(Wire):
    type: Literal["hands_policy_changed"] = "hands_policy_changed"
    hands: HandsPolicy


class JoinMutedChanged(Wire):
    type: Literal["join_muted_changed"] = "join_muted_changed"
    join_muted: bool


class RoomEnded(Wire):
    type: Literal["room_ended"] = "room_ended"
    ended_at: Time


class ParticipantsPut(Wire):
    type: Literal["participants_put"] = "participants_put"
    participants: list[Participant]


class ParticipantsGone(Wire):
    type: Literal["participants_gone"] = "participants_gone"
    ids: list[str] = Field(description="Off the stage and no hand up; perhaps still listening.")


class CountsChanged(Wire):
    type: Literal["counts_changed"] = "counts_changed"
    counts: Counts


RoomEvent: TypeAlias = Annotated[
    TitleChanged
    | RecordingChanged
    | HandsPolicyChanged
    | JoinMutedChanged
    | RoomEnded
    | ParticipantsPut
    | ParticipantsGone
    | CountsChanged,
    Field(discriminator="type"),
]


class RoomChange(Wire):
    """Takes a client from version `after` to `version`; may cover many versions."""

    after: int
    version: int
    events: list[RoomEvent]


def room_snapshot(view: views.Snapshot) -> RoomSnapshot:
    return RoomSnapshot.model_validate(view)


def room_event(change: changes.ViewChange) -> RoomEvent:
    match change:
        case changes.TitleChange():
            return TitleChanged.model_validate(change)
        case changes.RecordingChange():
            return RecordingChanged.model_validate(change)
        case changes.HandsPolicyChange():
            return HandsPolicyChanged.model_validate(change)
        case changes.JoinMutedChange():
            return JoinMutedChanged.model_validate(change)
        case changes.End():
            return RoomEnded.model_validate(change)
        case changes.ParticipantsPut():
            return ParticipantsPut.model_validate(change)
        case changes.ParticipantsGone():
            return ParticipantsGone.model_validate(change)
        case changes.CountsChange():
            return CountsChanged.model_validate(change)
        case _:
            assert_never(change)


def room_change(after: int, version: int, found: tuple[changes.ViewChange, ...]) -> RoomChange:
    return RoomChange(after=after, version=version, events=[room_event(change) for change in found])
