"""What a viewer has to hear to get from one version of a room to a later one.

The invariant: old snapshot + changes = fresh snapshot, for each kind of viewer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from palabre.domain.ids import ParticipantId
from palabre.domain.room.state import HandsPolicy, Room
from palabre.domain.room.views import (
    Counts,
    ParticipantView,
    RecordingView,
    RoomView,
    Viewer,
    count,
    view_participant,
    view_room,
)


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
    gone, put = [], []
    for who, old, new in after.people.in_view.since(before.people.in_view):
        if new is None:
            gone.append(who)
        elif (seen := view_participant(new, viewer)) != (old and view_participant(old, viewer)):
            put.append(seen)
    if gone:
        yield ParticipantsGone(tuple(gone))
    if put:
        yield ParticipantsPut(tuple(put))
