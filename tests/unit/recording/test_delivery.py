"""A recording reaches the Saved Messages of who started it, once, whatever fails on the way."""

import pytest

from palabre.domain.room import commands as c
from palabre.rooms.media_events import RecordingFailed, RecordingFinished
from tests.fakes.house import House


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


@pytest.fixture
def host(house):
    return house.chat.add("host", manager=True)


async def recorded(house, host, title="Tides"):
    """A room whose recording is running, with something in the file."""
    room = await house.start(host)
    await house.act(host, room, c.StartRecording, house.ids.recording(), title)
    recording = house.media.recording
    path = house.folder / f"{recording}.ogg"
    path.write_bytes(b"OggS and so on")
    return room, recording, path


async def finished(house, room, recording, path):
    await house.delivery.handle(RecordingFinished(room, recording, path, 1500))
    await house.delivery.deliver_finished()


async def test_a_stopped_recording_becomes_a_voice_message(house, host):
    room, recording, path = await recorded(house, host)
    await house.act(host, room, c.StopRecording)
    assert house.media.called("stop_recording") == [[recording]]
    await finished(house, room, recording, path)
    message = house.chat_log.lines["voice", recording]
    assert (message["to"], message["title"], message["duration_ms"]) == (host, "Tides", 1500)
    assert message["waveform"] == [7] * 100
    assert house.blobs.kept[message["blob"]] == b"OggS and so on"
    assert not path.exists()


async def test_without_a_title_the_rooms_is_taken(house, host):
    room, recording, path = await recorded(house, host, title="")
    await finished(house, room, recording, path)
    assert house.chat_log.lines["voice", recording]["title"] == "The sea"


async def test_the_end_of_the_room_stops_and_delivers_too(house, host):
    room, recording, path = await recorded(house, host)
    await house.act(host, room, c.EndRoom)
    assert house.media.called("stop_recording") == [[recording]]
    await finished(house, room, recording, path)
    assert ("voice", recording) in house.chat_log.lines


async def test_a_full_disk_delays_the_delivery_and_loses_nothing(house, host):
    room, recording, path = await recorded(house, host)
    house.blobs.full = True
    await finished(house, room, recording, path)
    assert path.exists()
    house.blobs.full = False
    await house.delivery.deliver_finished()
    assert ("voice", recording) in house.chat_log.lines
    assert not path.exists()


async def test_a_delivery_that_is_repeated_leaves_one_message(house, host):
    room, recording, path = await recorded(house, host)
    for _ in range(2):
        path.write_bytes(b"OggS and so on")
        await finished(house, room, recording, path)
    assert [kind for kind, _ in house.chat_log.lines].count("voice") == 1
    assert len(house.blobs.kept) == 1
    assert not path.exists()


async def test_an_empty_recording_is_not_delivered(house, host):
    room, recording, path = await recorded(house, host)
    house.summaries = lambda path: (0, bytes(100))
    await finished(house, room, recording, path)
    assert ("voice", recording) not in house.chat_log.lines
    assert await house.recordings.undelivered() == []
    assert not path.exists()


async def test_a_file_that_is_no_recording_is_put_aside_and_not_tried_for_ever(house, host):
    def not_ogg(path):
        raise ValueError("not Ogg")

    house.summaries = not_ogg
    room, recording, path = await recorded(house, host)
    await finished(house, room, recording, path)
    assert await house.recordings.undelivered() == []
    assert path.with_suffix(".unreadable").exists()


async def test_a_recording_without_a_file_is_closed(house, host):
    room, recording, path = await recorded(house, host)
    path.unlink()
    await finished(house, room, recording, path)
    assert await house.recordings.undelivered() == []


async def test_a_recording_that_fails_is_explained_and_what_there_is_delivered(house, host):
    room, recording, _ = await recorded(house, host)
    await house.delivery.handle(RecordingFailed(room, recording, "no space left"))
    assert (await house.runner.load(room)).recording is None
    assert house.chat_log.lines["recording_failed", recording]["reason"] == "no space left"
    await house.delivery.deliver_finished()
    assert ("voice", recording) in house.chat_log.lines


async def test_after_a_crash_every_open_recording_is_delivered(house, host):
    _, recording, path = await recorded(house, host)
    await house.restart()
    await house.delivery.deliver_finished()
    assert ("voice", recording) in house.chat_log.lines
    assert not path.exists()
