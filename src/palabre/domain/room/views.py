"""Who may see what of a room, for each kind of viewer.

A view never knows an account or an actor, and a masked manager looks like any speaker: else the mask leaks.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from palabre.domain.ids import ChatId, Csrc, ParticipantId, RecordingId, RoomId
from palabre.domain.personas import Persona
from palabre.domain.room.participant import Hand, Mic, Participant
from palabre.domain.room.state import HandsPolicy, Room


class Viewer(StrEnum):
    """The kinds of viewer. Everybody of one kind gets the same bytes."""

    MANAGER = "manager"
    SPEAKER = "speaker"
    LISTENER = "listener"
    GUEST = "guest"
    """Not a member of the chat, and not allowed to speak."""


class Role(StrEnum):
    MANAGER = "manager"
    SPEAKER = "speaker"
    LISTENER = "listener"


@dataclass(frozen=True, slots=True)
class ParticipantView:
    id: ParticipantId
    csrc: Csrc
    persona: Persona
    role: Role
    mic: Mic
    hand: Hand | None
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class RecordingView:
    id: RecordingId
    title: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class RoomView:
    id: RoomId
    chat_id: ChatId
    title: str
    state: str
    """`live` or `ended`."""
    started_at: datetime
    join_muted: bool
    hands: HandsPolicy
    recording: RecordingView | None


@dataclass(frozen=True, slots=True)
class Counts:
    in_room: int
    speakers: int
    hands: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`participants`: the stage and who has a hand up; other listeners come by the paged list."""

    version: int
    room: RoomView
    counts: Counts
    participants: tuple[ParticipantView, ...]


def viewer_of(participant: Participant) -> Viewer:
    """Which kind of viewer a participant is. Rights follow the account, masked or not."""
    if participant.manager:
        return Viewer.MANAGER
    if participant.may_speak:
        return Viewer.SPEAKER
    return Viewer.LISTENER if participant.member else Viewer.GUEST


def view_participant(participant: Participant, viewer: Viewer) -> ParticipantView:
    hand = participant.hand
    if hand is not None and viewer is not Viewer.MANAGER:
        hand = replace(hand, question=None)
    return ParticipantView(
        id=participant.id,
        csrc=participant.csrc,
        persona=participant.persona,
        role=_role(participant),
        mic=participant.mic,
        hand=hand,
        joined_at=participant.joined_at,
    )


def _role(participant: Participant) -> Role:
    if not participant.may_speak:
        return Role.LISTENER
    if participant.manager and not participant.persona.is_mask:
        return Role.MANAGER
    return Role.SPEAKER


def view_room(room: Room) -> RoomView:
    recording = room.recording
    return RoomView(
        id=room.id,
        chat_id=room.chat,
        title=room.title,
        state="live" if room.live else "ended",
        started_at=room.started_at,
        join_muted=room.join_muted,
        hands=room.hands,
        recording=None
        if recording is None
        else RecordingView(recording.id, recording.title, recording.started_at),
    )


def count(room: Room) -> Counts:
    people = room.people
    return Counts(in_room=len(people.by_id), speakers=people.speakers, hands=people.hands)


def snapshot(room: Room, viewer: Viewer) -> Snapshot:
    """All that a viewer of this kind sees of the room at its version."""
    in_view = (view_participant(p, viewer) for p in room.people.in_view.values())
    return Snapshot(room.version, view_room(room), count(room), tuple(in_view))
