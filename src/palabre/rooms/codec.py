"""Events and states as JSON records for the store, and back.

The type names are part of what is kept on disk: never rename one, add an upcast instead.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from pydantic import TypeAdapter

from palabre.domain.room import events as e
from palabre.domain.room.evolve import found, replay
from palabre.domain.room.state import Room
from palabre.rooms.ports import EventRecord, StateRecord, StoredRoom

_EVENTS: Mapping[str, TypeAdapter[e.Event]] = {
    kind.__name__: TypeAdapter(kind) for kind in (e.RoomStarted, *get_args(e.Change))
}
_ROOM = TypeAdapter(Room)


def write_event(event: e.Event) -> EventRecord:
    """The record `read_event` makes the same event from."""
    name = type(event).__name__
    return EventRecord(name, _EVENTS[name].dump_python(event, mode="json"))


def read_event(record: EventRecord) -> e.Event:
    """Raises LookupError for an unknown type, ValueError for data that does not fit."""
    return _EVENTS[record.type].validate_python(record.data)


def write_state(room: Room) -> StateRecord:
    """Without `by_account`, which `read_state` makes again from the participants."""
    # pydantic knows no mappingproxy, only plain dicts.
    plain = replace(room, participants=dict(room.participants), removed=dict(room.removed), by_account={})
    return StateRecord(room.version, _ROOM.dump_python(plain, mode="json"))


def read_state(record: StateRecord) -> Room:
    """Raises ValueError for data that does not fit."""
    room = _ROOM.validate_python(record.data)
    return replace(room, by_account={p.account: p.id for p in room.participants.values()})


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
