"""Events and states as JSON records for the store, and back.

The type names are part of what is kept on disk: never rename one, add an upcast instead.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import islice
from typing import get_args

from pydantic import TypeAdapter

from palabre.domain.ids import AccountId, ChatId, ParticipantId, RoomId
from palabre.domain.room import events as e
from palabre.domain.room.evolve import found, replay
from palabre.domain.room.participant import Participant
from palabre.domain.room.people import People
from palabre.domain.room.state import HandsPolicy, Recording, Removal, Room
from palabre.rooms.ports import EventRecord, StateRecord, StoredRoom

_EVENTS: Mapping[str, TypeAdapter[e.Event]] = {
    kind.__name__: TypeAdapter(kind) for kind in (e.RoomStarted, *get_args(e.Change))
}


@dataclass(frozen=True, slots=True)
class _State:
    """A room as a state snapshot keeps it."""

    id: RoomId
    chat: ChatId
    version: int
    title: str
    started_by: AccountId
    started_at: datetime
    join_muted: bool
    hands: HandsPolicy
    capacity: int
    ended_at: datetime | None
    recording: Recording | None
    participants: dict[ParticipantId, Participant]
    silenced: frozenset[AccountId]
    removed: dict[AccountId, Removal]


_STATE = TypeAdapter(_State)
_PEOPLE = TypeAdapter(dict[ParticipantId, Participant])

IN_ONE_PIECE = 256
"""People written in one go: about two milliseconds."""

_FIELDS = [field.name for field in fields(_State) if field.name not in ("participants", "removed")]


def write_event(event: e.Event) -> EventRecord:
    """The record `read_event` makes the same event from."""
    name = type(event).__name__
    return EventRecord(name, _EVENTS[name].dump_python(event, mode="json"))


def read_event(record: EventRecord) -> e.Event:
    """Raises LookupError for an unknown type, ValueError for data that does not fit."""
    return _EVENTS[record.type].validate_python(record.data)


def write_state(room: Room) -> StateRecord:
    """Of the people only who is in: what `People` keeps ready beside it follows from that."""
    return StateRecord(room.version, b"".join(pieces_of_state(room)).decode())


def pieces_of_state(room: Room) -> Iterator[bytes]:
    """What `write_state` writes, in pieces: a crowd takes long, and the caller may have something to do between."""
    given = {name: getattr(room, name) for name in _FIELDS}
    state = _State(**given, participants={}, removed=dict(room.removed))
    empty, people = b'"participants":{', iter(room.participants.items())
    before, _, after = _STATE.dump_json(state).partition(empty)
    yield before + empty
    between = b""
    while piece := dict(islice(people, IN_ONE_PIECE)):
        yield between + _PEOPLE.dump_json(piece)[1:-1]
        between = b","
    yield after


def read_state(record: StateRecord) -> Room:
    """Raises ValueError for data that does not fit."""
    state = _STATE.validate_json(record.data)
    given = {name: getattr(state, name) for name in _FIELDS}
    return Room(**given, people=People.of(state.participants.values()), removed=state.removed)


def read_room(stored: StoredRoom) -> Room:
    """The room at its newest version: the state snapshot, then the events after it."""
    events = [read_event(record) for record in stored.tail]
    if stored.state is not None:
        return replay(read_state(stored.state), _changes(events))
    first, *rest = events
    if not isinstance(first, e.RoomStarted):
        raise ValueError(f"the log of a room begins with RoomStarted, not {type(first).__name__}")
    return replay(found(first), _changes(rest))


def _changes(events: list[e.Event]) -> list[e.Change]:
    return [event for event in events if not isinstance(event, e.RoomStarted)]
