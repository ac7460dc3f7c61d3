"""What the engine is told: who may speak, at once, and never because a manager opened a microphone."""

from palabre.domain.refusal import Code
from palabre.domain.room import commands as c
from palabre.domain.room.participant import Mic
from palabre.domain.room.views import Viewer
from palabre.rooms.media_events import Door
from tests.unit.domain.test_who_may_speak import refused


async def speaking(house, host, account):
    """A room in which `account` was allowed to speak and does."""
    room = await house.start(host)
    who = (await house.join(account, room)).participant.id
    await house.act(host, room, c.Allow, who)
    await house.opens(room, who, Door.WHIP)
    return room, who


async def test_a_listener_is_admitted_without_the_right_to_speak(house, host, ben):
    room = await house.start(host)
    entry = await house.join(ben, room)
    assert house.media.admitted == {entry.participant.id: (Viewer.LISTENER, False)}


async def test_a_session_that_speaks_makes_the_microphone_live_and_its_end_mutes_it(house, host, ben):
    room, who = await speaking(house, host, ben)
    assert (await house.of(ben, room)).mic is Mic.LIVE
    await house.closes(room, who, Door.WHIP)
    assert (await house.of(ben, room)).mic is Mic.MUTED


async def test_the_engine_is_told_of_a_mute_before_anybody_else(house, host, ben):
    room, who = await speaking(house, host, ben)
    house.media.calls.clear()
    await house.act(host, room, c.Mute, who)
    assert house.media.calls[0] == ("admit", who, Viewer.LISTENER, False)


async def test_a_manager_does_not_open_the_microphone_of_a_client_that_goes_on_sending(house, host, ben):
    room, who = await speaking(house, host, ben)
    await house.act(host, room, c.Mute, who)
    await house.act(host, room, c.Allow, who)
    assert not house.media.may_speak(who)
    await house.runner.run(room, c.SetMic(ben, Mic.LIVE))
    assert house.media.may_speak(who)


async def test_after_a_mute_a_new_session_speaks_again_once_it_was_allowed(house, host, ben):
    room, who = await speaking(house, host, ben)
    await house.act(host, room, c.MuteAll)
    await house.act(host, room, c.Allow, who)
    await house.closes(room, who, Door.WHIP)
    assert house.media.may_speak(who)
    await house.opens(room, who, Door.WHIP)
    assert (await house.of(ben, room)).mic is Mic.LIVE


async def test_a_mute_that_comes_while_the_session_is_set_up_holds(house, host, ben):
    room = await house.start(host)
    who = (await house.join(ben, room)).participant.id
    await house.opens(room, who, Door.WHIP)
    await house.act(host, room, c.Allow, who)
    assert (await house.of(ben, room)).mic is Mic.MUTED
    assert not house.media.may_speak(who)


async def test_a_muted_manager_is_silent_until_it_opens_its_own_microphone(house, host):
    other = house.chat.add("other", manager=True)
    room, who = await speaking(house, host, other)
    await house.act(host, room, c.Mute, who)
    assert not house.media.may_speak(who)
    await house.runner.run(room, c.SetMic(other, Mic.LIVE))
    assert house.media.may_speak(who)


async def test_somebody_removed_is_cut_off_and_told_why_and_stays_out(house, host, ben):
    room, who = await speaking(house, host, ben)
    await house.act(host, room, c.Remove, who, None, "noise")
    assert house.media.called("remove") == [[who, "REMOVED_FROM_ROOM"]]
    for masked in (False, True):
        with refused(Code.REMOVED_FROM_ROOM):
            await house.join(ben, room, masked=masked)


async def test_whoever_the_chat_drops_is_out_of_the_room(house, host, ben):
    room, who = await speaking(house, host, ben)
    del house.chat.people[ben]
    await house.rooms.standing_changed((await house.runner.load(room)).chat, ben)
    assert house.media.called("remove") == [[who, "REMOVED_FROM_ROOM"]]


async def test_what_the_full_queue_refused_is_sent_later(house, host, ben):
    room, who = await speaking(house, host, ben)
    house.media.busy = True
    await house.act(host, room, c.Mute, who)
    assert house.media.may_speak(who)
    house.media.busy = False
    await house.passes(1)
    assert not house.media.may_speak(who)
