"""Wishes that wait together are one step: decided in their order, stored at once, each with its own answer."""

import asyncio
import gc
import weakref

import pytest

from palabre.domain.refusal import Code, Refused
from palabre.domain.room import commands as c
from palabre.rooms import codec
from palabre.rooms.journal import STATE_EVERY
from palabre.rooms.ports import VersionConflict


def counting_appends(house):
    """How many events each transaction of the store writes from now on."""
    written, append = [], house.store.append

    async def counted(head, after, events, state):
        await append(head, after, events, state)
        written.append(len(events))

    house.store.append = counted
    return written


async def test_a_crowd_that_enters_at_once_is_stored_in_one_transaction(house, host):
    room = await house.start(host)
    crowd = [house.chat.add(f"listener{n}") for n in range(5)]
    written = counting_appends(house)
    entries = await asyncio.gather(*[house.join(account, room) for account in crowd])
    assert written == [5]
    assert {entry.participant.account for entry in entries} == set(crowd)
    assert len(house.media.admitted) == 5
    house.boot()
    assert len((await house.runner.load(room)).participants) == 5


async def test_of_a_crowd_before_a_full_room_only_those_too_many_are_refused(house, host):
    room = await house.start(host)
    crowd = [house.chat.add(f"listener{n}") for n in range(7)]
    found = await asyncio.gather(*[house.join(a, room) for a in crowd], return_exceptions=True)
    refused = [answer for answer in found if isinstance(answer, Refused)]
    assert [refusal.code for refusal in refused] == [Code.ROOM_FULL] * 2
    assert len((await house.runner.load(room)).participants) == 5


async def test_wishes_are_decided_in_the_order_in_which_they_came(house, host, ben):
    room = await house.start(host)
    who = (await house.join(ben, room)).participant.id
    acts = [(c.Allow, who), (c.Mute, who), (c.Allow, who)]
    await asyncio.gather(*[house.act(host, room, *act) for act in acts])
    assert (await house.of(ben, room)).may_speak
    assert house.media.may_speak(who)


async def test_who_enters_in_the_moment_of_the_end_is_told_that_the_room_has_ended(house, host, ben):
    room = await house.start(host)
    joined, _ = await asyncio.gather(
        house.join(ben, room), house.act(host, room, c.EndRoom), return_exceptions=True
    )
    assert isinstance(joined, Refused)
    assert joined.code is Code.ROOM_ENDED


async def test_when_another_process_was_first_all_wishes_are_decided_anew(house, host, ben, cleo):
    room = await house.start(host)
    outruns = iter([True])

    def outrun():
        if next(outruns, False):
            raise VersionConflict

    house.store.outrun = outrun
    await asyncio.gather(house.join(ben, room), house.join(cleo, room))
    assert len((await house.runner.load(room)).participants) == 2


async def test_a_crowd_is_not_written_down_anew_at_every_few_steps(house, host):
    house.options = type(house.options)(recordings=house.folder, capacity=1000)
    house.boot()
    room = await house.start(host)
    states = []
    for n in range(4 * STATE_EVERY):
        await house.join(house.chat.add(f"listener{n}"), room)
        states.append(house.store.states[room].version)
    assert sorted(set(states)) == [1, 65, 129, 256]  # then half as many as there are people
    before = await house.runner.load(room)
    house.boot()
    assert await house.runner.load(room) == before


async def test_who_looks_while_a_step_is_being_stored_does_not_read_the_whole_log(house, host, ben):
    room = await house.start(host)
    loads, load, append, written = [], house.store.load, house.store.append, asyncio.Event()

    async def counted(wanted):
        loads.append(wanted)
        return await load(wanted)

    async def slow(*what):
        await append(*what)
        written.set()
        for _ in range(5):
            await asyncio.sleep(0)

    house.store.load, house.store.append = counted, slow
    joining = asyncio.ensure_future(house.join(ben, room))
    await written.wait()
    seen = await house.runner.load(room)
    await joining
    assert seen.of(ben) is not None
    assert loads == []


async def test_those_who_enter_in_one_step_and_see_the_same_share_its_bytes(house, host, ben, cleo):
    room = await house.start(host)
    dora = house.chat.add("dora")
    first, second, guest = await asyncio.gather(*[house.join(a, room) for a in (ben, dora, cleo)])
    assert first.snapshot is second.snapshot
    assert guest.snapshot is not first.snapshot
    later = await house.join(host, room)
    assert b'"in_room":4' in later.snapshot
    assert b'"in_room":3' in first.snapshot


async def test_while_a_crowd_is_written_down_others_have_their_turns(house, host, monkeypatch):
    house.options = type(house.options)(recordings=house.folder, capacity=1000)
    house.boot()
    room = await house.start(host)
    monkeypatch.setattr(codec, "IN_ONE_PIECE", 4)
    for n in range(STATE_EVERY - 1):
        await house.join(house.chat.add(f"listener{n}"), room)
    turns = 0

    async def somebody_else():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(somebody_else())
    await house.join(house.chat.add("the last one"), room)
    other.cancel()
    assert house.store.states[room].version == STATE_EVERY + 1
    assert turns > STATE_EVERY / 4


@pytest.fixture
def without_collector():
    gc.disable()
    yield
    gc.enable()


async def test_a_refusal_keeps_no_version_of_the_room_once_it_was_read(house, host, ben, without_collector):
    room = await house.start(host)
    try:
        await house.runner.run(room, c.Leave(ben))
    except Refused as refusal:
        read = weakref.ref(refusal)
    await asyncio.sleep(0)  # the step's task is put away
    assert read() is None
