"""`kill -9` and a start: rooms are live again with their people, rights, hands and recording."""

from palabre.domain.room import commands as c
from palabre.domain.room.participant import Mic
from palabre.domain.room.views import Viewer
from palabre.rooms.media_events import Door


async def test_after_a_restart_everybody_is_admitted_with_the_same_rights(house, host, ben, cleo):
    room = await house.start(host)
    host_id = (await house.join(host, room, masked=True)).participant.id
    ben_id = (await house.join(ben, room)).participant.id
    cleo_id = (await house.join(cleo, room)).participant.id
    await house.act(host, room, c.Allow, ben_id)
    await house.restart()
    assert house.media.called("open_room") == [[room]]
    assert house.media.admitted == {
        host_id: (Viewer.MANAGER, True),
        ben_id: (Viewer.SPEAKER, True),
        cleo_id: (Viewer.GUEST, False),
    }


async def test_a_live_microphone_is_muted_until_its_client_is_back(house, host, ben):
    room = await house.start(host)
    who = (await house.join(host, room)).participant.id
    await house.opens(room, who, Door.WHIP)
    await house.restart()
    assert (await house.of(host, room)).mic is Mic.MUTED
    await house.opens(room, who, Door.WHIP)
    assert (await house.of(host, room)).mic is Mic.LIVE


async def test_people_have_two_minutes_to_come_back(house, host, ben):
    room = await house.start(host)
    await house.join(ben, room)
    await house.restart()
    await house.passes(119)
    assert await house.of(ben, room)
    await house.passes(1)
    assert await house.of(ben, room) is None


async def test_hands_and_the_mute_of_a_manager_are_kept(house, host, ben, cleo):
    room = await house.start(host)
    await house.join(ben, room)
    await house.act(ben, room, c.RaiseHand, "Why?")
    before = await house.of(ben, room)
    await house.restart()
    assert await house.of(ben, room) == before


async def test_the_recording_goes_on_in_a_new_file_and_the_old_one_is_delivered(house, host):
    room = await house.start(host)
    await house.act(host, room, c.StartRecording, house.ids.recording(), "Tides")
    old = house.media.recording
    (house.folder / f"{old}.ogg").write_bytes(b"OggS")
    await house.restart()
    await house.delivery.deliver_finished()
    assert house.chat_log.lines["voice", old]["to"] == host
    new = house.media.recording
    assert new not in (None, old)
    assert house.media.called("start_recording") == [[new, "Tides", house.folder / f"{new}.ogg"]]
    assert (await house.runner.load(room)).recording.title == "Tides"


async def test_a_long_log_is_read_back_to_the_same_room(house, host, ben):
    room = await house.start(host)
    who = (await house.join(ben, room)).participant.id
    for _ in range(50):
        await house.act(host, room, c.Allow, who)
        await house.act(host, room, c.Mute, who)
    before = await house.runner.load(room)
    assert house.store.states[room].version > 1
    house.boot()
    assert await house.runner.load(room) == before


async def test_the_chat_is_told_of_an_end_that_the_server_did_not_survive(house, host):
    room = await house.start(host)
    house.clock.advance(90)
    await house.act(host, room, c.EndRoom)
    lines = dict(house.chat_log.lines)
    del house.chat_log.lines["room_ended", room]
    await house.restart()
    assert house.chat_log.lines == lines
    del house.chat_log.lines["room_ended", room], house.chat_log.lines["room_started", room]
    await house.restart()
    assert list(house.chat_log.lines) == [("room_started", room), ("room_ended", room)]


async def test_what_the_chat_was_told_it_is_not_told_again(house, host):
    room = await house.start(host)
    assert await house.store.untold() == []
    await house.act(host, room, c.EndRoom)
    assert await house.store.untold() == []
