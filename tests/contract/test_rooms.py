"""RoomStore and Recordings, over every database."""

import asyncio

import pytest

from palabre.bootstrap.stores import Stores
from palabre.domain import messages as m
from palabre.domain.ids import ChatId, MessageId, RecordingId, RoomId
from palabre.rooms.ports import (
    EventRecord,
    OpenRecording,
    RoomAlreadyLive,
    RoomHead,
    StateRecord,
    StoredRoom,
    VersionConflict,
)
from tests.contract.given import NOW, kept_account, kept_chat

ROOM = RoomId("room_1")


def _event(name: str) -> EventRecord:
    return EventRecord(name, {"by": name})


@pytest.fixture
async def head(stores: Stores) -> RoomHead:
    ada = await kept_account(stores, "ada")
    return RoomHead(ROOM, await kept_chat(stores, ada, "radio"), live=True)


async def test_a_room_loads_as_its_state_and_what_came_after(stores: Stores, head: RoomHead) -> None:
    await stores.rooms.append(head, 0, [_event("started")], None)
    assert await stores.rooms.load(ROOM) == StoredRoom(None, [_event("started")])
    state = StateRecord(3, '{"title": "Friday"}')
    await stores.rooms.append(head, 1, [_event("a"), _event("b")], state)
    await stores.rooms.append(head, 3, [_event("c")], None)
    assert await stores.rooms.load(ROOM) == StoredRoom(state, [_event("c")])
    assert await stores.rooms.version(ROOM) == 4
    assert await stores.rooms.load(RoomId("room_2")) is None
    assert await stores.rooms.version(RoomId("room_2")) is None


async def test_of_writers_after_the_same_version_one_wins(stores: Stores, head: RoomHead) -> None:
    await stores.rooms.append(head, 0, [_event("started")], None)

    async def write(name: str) -> bool:
        try:
            await stores.rooms.append(head, 1, [_event(name)], None)
        except VersionConflict:
            return False
        return True

    won = await asyncio.gather(*[write(str(i)) for i in range(6)])
    assert sum(won) == 1
    assert await stores.rooms.version(ROOM) == 2
    with pytest.raises(VersionConflict):
        await stores.rooms.append(head, 7, [_event("gap")], None)
    with pytest.raises(VersionConflict):
        await stores.rooms.append(head, 0, [_event("again")], None)


async def test_a_chat_has_one_live_room(stores: Stores, head: RoomHead) -> None:
    await stores.rooms.append(head, 0, [_event("started")], None)
    other = RoomHead(RoomId("room_2"), head.chat, live=True)
    with pytest.raises(RoomAlreadyLive):
        await stores.rooms.append(other, 0, [_event("started")], None)
    assert await stores.rooms.load(other.room) is None
    await stores.rooms.append(RoomHead(ROOM, head.chat, live=False), 1, [_event("ended")], None)
    assert await stores.rooms.live_room_of(head.chat) is None
    await stores.rooms.append(other, 0, [_event("started")], None)
    assert await stores.rooms.live_room_of(head.chat) == other.room
    assert await stores.rooms.live_rooms_of([head.chat, ChatId("chat_x")]) == {head.chat: other.room}
    assert list(await stores.rooms.live_rooms()) == [other.room]


async def test_a_room_is_untold_until_its_chat_has_the_message_of_its_newest_turn(
    stores: Stores, head: RoomHead
) -> None:
    async def told(which: str) -> None:
        draft = m.Draft(MessageId(f"msg_{which}"), head.chat, NOW, None, m.RoomStarted(ROOM, "Friday"))
        await stores.messages.add(draft, once=f"{ROOM}:{which}")

    await stores.rooms.append(head, 0, [_event("started")], None)
    assert list(await stores.rooms.untold()) == [ROOM]
    await told("started")
    assert list(await stores.rooms.untold()) == []
    await stores.rooms.append(RoomHead(ROOM, head.chat, live=False), 1, [_event("ended")], None)
    assert list(await stores.rooms.untold()) == [ROOM]
    await told("ended")
    assert list(await stores.rooms.untold()) == []


async def test_a_recording_waits_until_it_is_closed_and_never_again(stores: Stores, head: RoomHead) -> None:
    starter = (await stores.accounts.with_handle("ada") or pytest.fail("no account"))[0].id
    recording = OpenRecording(RecordingId("rec_1"), ROOM, ChatId(head.chat), starter, "Friday", NOW)
    await stores.recordings.open(recording)
    await stores.recordings.open(recording)
    assert list(await stores.recordings.undelivered()) == [recording]
    assert await stores.recordings.get(recording.id) == recording
    await stores.recordings.close(recording.id)
    await stores.recordings.close(recording.id)
    await stores.recordings.open(recording)
    assert await stores.recordings.get(recording.id) is None
    assert list(await stores.recordings.undelivered()) == []
