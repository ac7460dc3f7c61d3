"""A wish of one becomes news for the others, through the real event streams."""

import asyncio

import pytest

from palabre.domain.room import commands as c
from palabre.domain.room.views import Viewer, snapshot
from palabre.wire.room import room_snapshot
from tests.fakes.chats import CHAT
from tests.integration.engine.streams import status, stream
from tests.unit.domain.fold import as_set, fold

pytestmark = pytest.mark.timeout(30)


@pytest.fixture
def host(house):
    return house.chat.add("host", manager=True)


@pytest.fixture
def ben(house):
    return house.chat.add("ben")


async def test_a_stream_begins_with_the_snapshot_and_goes_on_to_the_fresh_one(house, engine, host, ben):
    room = await house.start(host)
    entry = await house.join(ben, room)
    async with stream(engine.edge_port, entry.ticket.token) as reader:
        seen = await reader.until("snapshot")
        await house.act(ben, room, c.RaiseHand, "Why?")
        await house.rooms.rename(host, room, "Tides")
        for _ in range(2):
            seen = fold(seen, await reader.until("change"))
    fresh = snapshot(await house.runner.load(room), Viewer.LISTENER)
    assert as_set(seen) == as_set(room_snapshot(fresh).model_dump(mode="json"))
    assert "Why?" not in str(seen)


async def test_whoever_is_allowed_to_speak_goes_on_as_a_speaker(house, engine, host, ben):
    room = await house.start(host)
    entry = await house.join(ben, room)
    async with stream(engine.edge_port, entry.ticket.token) as reader:
        assert (await reader.until("snapshot"))["participants"] == []
        await house.act(host, room, c.Allow, entry.participant.id)
        seen = await reader.until("snapshot")
        while not seen["participants"]:
            seen = fold(seen, await reader.until("change"))
    (itself,) = seen["participants"]
    assert (itself["id"], itself["role"], itself["mic"]) == (entry.participant.id, "speaker", "muted")


async def test_somebody_removed_reads_why_and_the_ticket_opens_nothing_more(house, engine, host, ben):
    room = await house.start(host)
    entry = await house.join(ben, room)
    async with stream(engine.edge_port, entry.ticket.token) as reader:
        await reader.until("snapshot")
        await house.act(host, room, c.Remove, entry.participant.id, None, None)
        assert await reader.until("bye") == {"code": "REMOVED_FROM_ROOM"}
        assert await reader.next() == ("closed", {})
    assert await status(engine.edge_port, entry.ticket.token) == 404


async def test_the_end_of_the_room_is_the_last_news_and_then_a_goodbye(house, engine, host, ben):
    room = await house.start(host)
    entry = await house.join(ben, room)
    async with stream(engine.edge_port, entry.ticket.token) as reader:
        await reader.until("snapshot")
        await house.act(host, room, c.EndRoom)
        kinds = {event["type"] for event in (await reader.until("change"))["events"]}
        assert "room_ended" in kinds
        assert await reader.until("bye") == {"code": "ROOM_ENDED"}


async def test_a_takeover_tells_the_first_device_and_lets_the_second_in(house, engine, host, ben):
    room = await house.start(host)
    first = await house.join(ben, room)
    async with stream(engine.edge_port, first.ticket.token) as old:
        await old.until("snapshot")
        second = await house.join(ben, room, take_over=True)
        async with stream(engine.edge_port, second.ticket.token) as new:
            assert await old.until("bye") == {"code": "TAKEN_OVER"}
            assert (await new.until("snapshot"))["counts"]["in_room"] == 1


async def test_a_chats_stream_hints_at_its_room(house, engine, host):
    ticket = house.tickets.for_chat(CHAT)
    async with stream(engine.edge_port, ticket.token) as reader:
        first = await reader.until("snapshot")
        await house.start(host)
        change = await reader.until("change")
    assert change["after"] == first["version"]
    assert change["events"] == [{"type": "room_changed"}]


async def test_a_recording_of_silence_leaves_no_message_and_no_file(house, engine, host):
    room = await house.start(host)
    await house.act(host, room, c.StartRecording, house.ids.recording(), "Silence")
    (recording,) = [r.id for r in await house.recordings.undelivered()]
    await house.act(host, room, c.StopRecording)
    async with asyncio.timeout(5):
        while await house.recordings.undelivered():
            await house.delivery.next_finished()
            await house.delivery.deliver_finished()
    assert ("voice", recording) not in house.chat_log.lines
    assert list(house.folder.iterdir()) == []
