"""Who may see what of a room: snapshots, and what changed between two versions, for each kind of viewer.

A view never knows an account or an actor, and a masked manager looks like any speaker: else the mask leaks.
The invariant: old snapshot + changes = fresh snapshot, for each kind of viewer.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from palabre.domain.ids import ChatId, Csrc, ParticipantId, RecordingId, RoomId
from palabre.domain.personas import Persona
from palabre.domain.room.state import Hand, HandsPolicy, Mic, Participant, Room


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


@dataclass(frozen=True, slots=True)
class TitleChange:
    title: str


@dataclass(frozen=True, slots=True)
class RecordingChange:
    recording: RecordingView | None


@dataclass(frozen=True, slots=True)
class HandsPolicyChange:
    hands: HandsPolicy


@dataclass(frozen=True, slots=True)
class JoinMutedChange:
    join_muted: bool


@dataclass(frozen=True, slots=True)
class End:
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class ParticipantsPut:
    participants: tuple[ParticipantView, ...]


@dataclass(frozen=True, slots=True)
class ParticipantsGone:
    """Off the stage and no hand up; perhaps still listening."""

    ids: tuple[ParticipantId, ...]


@dataclass(frozen=True, slots=True)
class CountsChange:
    counts: Counts


ViewChange: TypeAlias = (
    TitleChange
    | RecordingChange
    | HandsPolicyChange
    | JoinMutedChange
    | End
    | ParticipantsPut
    | ParticipantsGone
    | CountsChange
)


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
    everyone = room.participants.values()
    return Counts(
        in_room=len(everyone),
        speakers=sum(p.may_speak for p in everyone),
        hands=sum(p.hand is not None for p in everyone),
    )


def snapshot(room: Room, viewer: Viewer) -> Snapshot:
    """All that a viewer of this kind sees of the room at its version."""
    in_view = (view_participant(p, viewer) for p in room.participants.values() if p.in_view)
    return Snapshot(room.version, view_room(room), count(room), tuple(in_view))


def changes(before: Room, after: Room, viewer: Viewer) -> tuple[ViewChange, ...]:
    """What takes a viewer from one version's snapshot to a later one's. May cover many, may be empty."""
    return (
        *_room_changes(view_room(before), view_room(after), after.ended_at),
        *_participant_changes(before, after, viewer),
        *([CountsChange(now)] if (now := count(after)) != count(before) else []),
    )


def only_counts(found: Iterable[ViewChange]) -> bool:
    """Such changes may wait and be gathered; all others are told at once."""
    return all(isinstance(change, CountsChange) for change in found)


def _room_changes(old: RoomView, new: RoomView, ended_at: datetime | None) -> Iterable[ViewChange]:
    if new.title != old.title:
        yield TitleChange(new.title)
    if new.hands is not old.hands:
        yield HandsPolicyChange(new.hands)
    if new.join_muted != old.join_muted:
        yield JoinMutedChange(new.join_muted)
    if new.recording != old.recording:
        yield RecordingChange(new.recording)
    if new.state != old.state and ended_at is not None:
        yield End(ended_at)


def _participant_changes(before: Room, after: Room, viewer: Viewer) -> Iterable[ViewChange]:
    # Participants are frozen and carried over untouched, so most pairs are told apart by identity alone.
    moved = [p for p in after.participants.values() if before.participants.get(p.id) is not p]
    put = tuple(
        seen
        for p in moved
        if p.in_view and (seen := view_participant(p, viewer)) != _seen(before, p.id, viewer)
    )
    gone = tuple(
        old.id
        for old in before.participants.values()
        if old.in_view and ((new := after.participants.get(old.id)) is None or not new.in_view)
    )
    if gone:
        yield ParticipantsGone(gone)
    if put:
        yield ParticipantsPut(put)


def _seen(room: Room, who: ParticipantId, viewer: Viewer) -> ParticipantView | None:
    participant = room.participants.get(who)
    return None if participant is None or not participant.in_view else view_participant(participant, viewer)
