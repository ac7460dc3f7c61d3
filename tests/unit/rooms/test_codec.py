"""What is kept on disk reads back as it was."""

import json

import pytest

from palabre.domain.room import commands as c
from palabre.domain.room.decide import decide
from palabre.domain.room.evolve import replay
from palabre.rooms.codec import (
    IN_ONE_PIECE,
    pieces_of_state,
    read_event,
    read_room,
    read_state,
    write_event,
    write_state,
)
from palabre.rooms.ports import EventRecord, StoredRoom
from palabre.wire.vectors import STORIES
from tests.unit.domain.stories import Story, itself, stranger


def through_disk(record):
    return EventRecord(record.type, json.loads(json.dumps(record.data)))


@pytest.mark.parametrize("name", STORIES)
def test_a_room_reads_back_from_its_events_and_from_any_state_on_the_way(name):
    room, log = Story().room, []
    rooms = [room]
    for command in STORIES[name]:
        events = decide(room, command, room.started_at)
        log += [through_disk(write_event(event)) for event in events]
        room = replay(room, events)
        rooms.append(room)
    for earlier in rooms:
        state = write_state(earlier)
        assert read_state(state) == earlier
        assert read_room(StoredRoom(state, log[earlier.version - 1 :])) == room


def test_a_log_that_does_not_begin_with_the_start_is_no_room():
    room = Story().room
    (joined,) = decide(room, STORIES["plain listeners only change the counts"][0], room.started_at)
    with pytest.raises(ValueError, match="RoomStarted"):
        read_room(StoredRoom(None, [write_event(joined)]))


def test_an_unknown_event_is_an_error_and_not_left_out():
    with pytest.raises(LookupError):
        read_event(EventRecord("Teleported", {}))


def test_a_crowd_is_written_in_pieces_that_read_back_as_one():
    story = Story(capacity=3 * IN_ONE_PIECE)
    crowd = [c.Join(stranger(f"{n}"), itself(stranger(f"{n}")), f"part_{n}", n + 1) for n in range(600)]
    room = story.room
    for join in crowd:
        room = replay(room, decide(room, join, room.started_at))
    pieces = list(pieces_of_state(room))
    assert len(pieces) == 2 + 3  # before, after, and three times 256 at most
    assert b"".join(pieces).decode() == write_state(room).data
    assert read_state(write_state(room)) == room
