"""Rooms begin, are replaced, run empty and end; the chat says so without naming anybody."""

import asyncio

import pytest

from palabre.domain.refusal import Code, Refused
from palabre.domain.room import commands as c
from tests.fakes.chats import CHAT
from tests.fakes.house import House
from tests.unit.domain.test_who_may_speak import refused


async def test_a_new_room_is_live_at_once_and_bears_the_chats_name(house, host):
    room = await house.rooms.start(host, CHAT)
    assert (room.title, room.live, room.join_muted) == ("The sea", True, True)
    assert house.media.called("open_room") == [[room.id]]
    assert house.chat_log.lines == {("room_started", room.id): {"title": "The sea"}}


async def test_listeners_start_no_room(house, ben):
    with refused(Code.MANAGERS_ONLY):
        await house.rooms.start(ben, CHAT)


async def test_a_second_room_is_refused_unless_it_replaces_the_first(house, host):
    first = await house.start(host)
    with refused(Code.ROOM_ALREADY_LIVE):
        await house.rooms.start(host, CHAT)
    second = await house.rooms.start(host, CHAT, replace=True)
    assert house.media.called("close_room") == [[first, "ROOM_ENDED"]]
    assert await house.store.live_rooms() == [second.id]


async def test_two_processes_cannot_both_start_a_room(house, host):
    other = House(house.folder)
    other.store, other.chat, other.ids = house.store, house.chat, house.ids
    other.boot()
    await other.rooms.start(host, CHAT)
    with refused(Code.ROOM_ALREADY_LIVE):
        await house.rooms.start(host, CHAT)


async def test_the_same_wish_twice_at_the_same_moment_starts_one_room(house, host):
    wish = {"seed": "of one request", "replace": True}
    first, second = await asyncio.gather(*[house.rooms.start(host, CHAT, **wish) for _ in range(2)])
    assert first.id == second.id
    assert await house.store.live_rooms() == [first.id]
    assert (await house.rooms.start(host, CHAT, **wish)).live


async def test_the_number_of_rooms_is_limited_and_the_limit_is_named(tmp_path):
    house = House(tmp_path, live_rooms=0)
    with pytest.raises(Refused) as refusal:
        await house.rooms.start(house.chat.add("host", manager=True), CHAT)
    assert refusal.value.limit == {"live_rooms": 0}


async def test_the_end_says_how_long_it_lasted_and_comes_after_the_last_change(house, host):
    room = await house.start(host)
    house.clock.advance(90)
    await house.act(host, room, c.EndRoom)
    assert house.chat_log.lines["room_ended", room] == {"title": "The sea", "duration_s": 90}
    names = [call[0] for call in house.media.calls]
    assert names[-3:] == ["publish", "close_room", "close_topic"]
    assert len(house.live) == 0


async def test_an_end_that_found_no_room_in_the_queue_is_told_later(house, host):
    room = await house.start(host)
    house.media.busy = True
    await house.act(host, room, c.EndRoom)
    house.media.busy = False
    await house.passes(1)
    assert house.media.called("close_room") == [[room, "ROOM_ENDED"]]
    assert len(house.live) == 0


async def test_a_room_ends_when_nobody_has_been_in_it_for_ten_minutes(house, host):
    room = await house.start(host)
    await house.passes(599)
    assert house.live.get(room)
    await house.passes(1)
    assert house.live.get(room) is None
    assert not (await house.runner.load(room)).live


async def test_a_room_with_somebody_in_it_goes_on_without_a_manager(house, host, ben):
    room = await house.start(host)
    entry = await house.join(ben, room)
    await house.opens(room, entry.participant.id, "events")
    await house.passes(3600)
    assert house.live.get(room)


async def test_what_rooms_leave_in_the_chat_names_no_actor(house, host):
    room = await house.start(host)
    await house.join(host, room, masked=True)
    await house.act(host, room, c.EndRoom)
    assert "host" not in str(house.chat_log.lines)


async def test_another_process_that_was_first_only_makes_us_decide_again(house, host, ben):
    room = await house.start(host)
    other = House(house.folder)
    other.store, other.chat, other.ids = house.store, house.chat, house.ids
    other.boot()
    await other.runner.run(room, c.ChangeTitle(house.chat.people[host], "Tides"))
    before = len(house.store.logs[room])
    entry = await house.join(ben, room)
    assert (entry.room.title, entry.room.version) == ("Tides", before + 1)


async def test_a_quiet_room_is_looked_at_only_when_something_falls_due(house, host):
    quiet = await house.start(host)
    await house.passes(6)
    looked = []
    look_after = house.keeper._look_after

    async def counted(live):
        looked.append(live.room.id)
        await look_after(live)

    house.keeper._look_after = counted
    for _ in range(20):
        await house.passes(0.25)
    assert looked == []
    await house.passes(600)
    assert looked[0] == quiet
    assert not (await house.runner.load(quiet)).live


async def test_a_room_whose_store_fails_is_looked_after_again(house, host, ben):
    room = await house.start(host)
    await house.join(ben, room)

    def fails():
        raise OSError("no store")

    house.store.outrun = fails
    await house.passes(20)
    assert await house.of(ben, room)
    house.store.outrun = lambda: None
    await house.passes(20)
    assert await house.of(ben, room) is None


async def test_the_keeper_sleeps_while_nothing_falls_due_and_wakes_when_something_happens(house, host, ben):
    room = await house.start(host)
    await house.passes(6)
    sweeps, sweep, swept = [], house.keeper.sweep, asyncio.Event()

    async def counted():
        await sweep()
        sweeps.append(house.clock.now())
        swept.set()

    house.keeper.sweep = counted
    running = asyncio.ensure_future(house.keeper.run())
    await swept.wait()
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(sweeps) == 1
    swept.clear()
    await house.join(ben, room)
    await swept.wait()
    running.cancel()
