"""Tickets, reconnects, takeovers, other names, and the time of grace."""

import asyncio
from datetime import timedelta

import jwt
import pytest

from palabre.domain.refusal import Code
from palabre.domain.room import commands as c
from palabre.domain.room.participant import Mic
from palabre.rooms.media_events import Door
from tests.fakes.house import TICKET_KEY
from tests.unit.domain.test_who_may_speak import refused


def claims(ticket, house):
    options = {"verify_exp": False}
    return jwt.decode(
        ticket.token, TICKET_KEY, algorithms=["HS256"], audience="palabre-edge", options=options
    )


async def test_a_ticket_names_the_room_the_view_and_the_participant_and_no_account(house, host):
    room = await house.start(host)
    entry = await house.join(host, room, masked=True)
    found = claims(entry.ticket, house)
    assert (found["topic"], found["view"]) == (f"room:{room}", "manager")
    assert found["participant"] == entry.participant.id
    assert found["exp"] == int((house.clock.now() + timedelta(minutes=10)).timestamp())
    assert "host" not in str(found)


async def test_entering_again_gives_the_same_participant_and_a_new_ticket(house, host, ben):
    room = await house.start(host)
    first, second = await house.join(ben, room), await house.join(ben, room)
    assert first.participant == second.participant
    assert first.ticket.token != second.ticket.token
    assert house.media.called("remove") == []


async def test_taking_over_ends_the_other_device_and_tells_it_why(house, host, ben):
    room = await house.start(host)
    who = (await house.join(ben, room, take_over=True)).participant.id
    assert house.media.called("remove") == []
    await house.opens(room, who, Door.WHEP)
    house.media.calls.clear()
    assert (await house.join(ben, room, take_over=True)).participant.id == who
    assert [call[0] for call in house.media.calls] == ["remove", "admit"]
    assert house.media.called("remove") == [[who, "TAKEN_OVER"]]


async def test_after_a_takeover_only_the_new_device_keeps_the_participant_in(house, host, ben):
    room = await house.start(host)
    who = (await house.join(ben, room)).participant.id
    await house.opens(room, who, Door.EVENTS)
    await house.join(ben, room, take_over=True)
    await house.opens(room, who, Door.EVENTS)
    await house.passes(60)
    assert await house.of(ben, room)
    await house.closes(room, who, Door.EVENTS)
    await house.passes(20)
    assert await house.of(ben, room) is None


async def test_a_microphone_that_was_live_on_the_other_device_is_muted_by_the_takeover(house, host):
    room = await house.start(host)
    who = (await house.join(host, room)).participant.id
    await house.opens(room, who, Door.WHIP)
    await house.join(host, room, take_over=True)
    assert (await house.of(host, room)).mic is Mic.MUTED


async def test_another_name_is_another_participant(house, host):
    room = await house.start(host)
    first, second = await house.join(host, room), await house.join(host, room, masked=True)
    assert first.participant.id != second.participant.id
    assert list(house.media.admitted) == [second.participant.id]


async def test_a_full_room_still_lets_a_manager_in(house, host):
    room = await house.start(host)
    for n in range(5):
        await house.join(house.chat.add(f"listener{n}"), room)
    with refused(Code.ROOM_FULL):
        await house.join(house.chat.add("one-more"), room)
    await house.join(host, room)


async def test_whoever_has_no_door_open_leaves_after_twenty_seconds(house, host, ben):
    room = await house.start(host)
    who = (await house.join(ben, room)).participant.id
    await house.opens(room, who, Door.EVENTS)
    await house.passes(60)
    await house.closes(room, who, Door.EVENTS)
    await house.passes(19.9)
    assert await house.of(ben, room)
    await house.passes(0.1)
    assert await house.of(ben, room) is None


async def test_a_ticket_that_opens_no_door_is_a_visit_of_twenty_seconds(house, host, ben):
    room = await house.start(host)
    await house.join(ben, room)
    await house.passes(20)
    assert await house.of(ben, room) is None


@pytest.mark.parametrize("keeper_first", [False, True])
async def test_whoever_comes_back_at_the_last_moment_stays_in(house, host, ben, keeper_first):
    room = await house.start(host)
    await house.join(ben, room)
    house.clock.advance(20)
    at_once = [house.join(ben, room), house.keeper.sweep()]
    entry = next(filter(None, await asyncio.gather(*(reversed(at_once) if keeper_first else at_once))))
    await house.passes(19)
    assert await house.of(ben, room) == entry.participant


async def test_a_hand_survives_a_reconnect_of_two_minutes(house, host, ben):
    room = await house.start(host)
    who = (await house.join(ben, room)).participant.id
    await house.opens(room, who, Door.EVENTS)
    await house.act(ben, room, c.RaiseHand, None)
    await house.closes(room, who, Door.EVENTS)
    await house.passes(119)
    raised = (await house.of(ben, room)).hand
    await house.opens(room, who, Door.EVENTS)
    await house.passes(3600)
    assert (await house.of(ben, room)).hand == raised


async def test_a_hand_that_goes_down_outside_gives_its_longer_grace_back(house, host, ben):
    room = await house.start(host)
    who = (await house.join(ben, room)).participant.id
    await house.act(ben, room, c.RaiseHand, None)
    await house.passes(30)
    await house.act(host, room, c.LowerHand, who)
    await house.passes(0.25)
    assert await house.of(ben, room) is None
