"""The engine driven from Python: its doors, its events, and voices of programs nobody here wrote."""

import asyncio
import errno
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import jwt
import pytest

from palabre._engine import (
    Connected,
    Disconnected,
    Engine,
    EngineEvent,
    RecordingFailed,
    RecordingStopped,
    SnapshotWanted,
    StartedSpeaking,
    summarise_recording,
)
from tests.e2e import speech
from tests.e2e.programs import aiortc_listener
from tests.e2e.programs.ffmpeg import ffmpeg_speaking

KEY = bytes(range(32))
ROOM = "room_1"
VOICE = Path("/usr/share/sounds/alsa/Front_Center.wav")
"""Real speech of Debian's alsa-utils."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = started()
    engine.open_room(ROOM)
    yield engine
    engine.shutdown()


def started(edge_bind: str = "127.0.0.1:0", media_bind: str = "127.0.0.1:0") -> Engine:
    return Engine(edge_bind=edge_bind, media_bind=media_bind, media_addresses=[], ticket_key=KEY)


def door(engine: Engine, path: str) -> str:
    return f"http://127.0.0.1:{engine.edge_port}/edge/v1/{path}"


def ticket(participant: str) -> str:
    claims = {
        "aud": "palabre-edge",
        "exp": int(time.time()) + 60,
        "jti": "1",
        "topic": f"room:{ROOM}",
        "view": "listener",
        "participant": participant,
    }
    return jwt.encode(claims, KEY, algorithm="HS256")


async def until(engine: Engine, wanted: EngineEvent | type) -> list[EngineEvent]:
    """All events up to the wanted one, or the first of the wanted kind. Raises TimeoutError."""
    loop, ready, seen = asyncio.get_running_loop(), asyncio.Event(), list[EngineEvent]()
    loop.add_reader(engine.event_fd, ready.set)
    try:
        async with asyncio.timeout(15):
            while not any(event == wanted or type(event) is wanted for event in seen):
                await ready.wait()
                ready.clear()
                seen += engine.drain()
    finally:
        loop.remove_reader(engine.event_fd)
    return seen


@asynccontextmanager
async def lines(engine: Engine, participant: str) -> AsyncIterator[AsyncIterator[str]]:
    async with (
        httpx.AsyncClient() as http,
        http.stream("GET", door(engine, "events"), params={"ticket": ticket(participant)}) as stream,
    ):
        yield stream.aiter_lines()


async def test_a_stream_asks_for_its_snapshot_and_then_follows(engine: Engine) -> None:
    engine.admit(ROOM, "part_bob", csrc=2, view="listener", may_speak=False)
    async with lines(engine, "part_bob") as stream:
        seen = await until(engine, SnapshotWanted)
        assert seen == [
            Connected(ROOM, "part_bob", "events"),
            SnapshotWanted(f"room:{ROOM}", "listener"),
        ]
        engine.snapshot(f"room:{ROOM}", "listener", 1, b'{"version":1}')
        engine.publish(f"room:{ROOM}", "listener", 1, 2, b'{"after":1,"version":2,"events":[]}')
        engine.remove(ROOM, "part_bob", "REMOVED_FROM_ROOM")
        assert [line async for line in stream if line] == [
            "event: snapshot",
            "id: 1",
            'data: {"version":1}',
            "event: change",
            "id: 2",
            'data: {"after":1,"version":2,"events":[]}',
            "event: bye",
            'data: {"code":"REMOVED_FROM_ROOM"}',
        ]


async def test_ffmpeg_speaks_aiortc_hears_it_and_the_recording_has_it(engine: Engine, tmp_path: Path) -> None:
    engine.admit(ROOM, "part_ann", csrc=1, view="speaker", may_speak=True)
    engine.admit(ROOM, "part_bob", csrc=2, view="listener", may_speak=False)
    engine.start_recording(ROOM, "rec_1", "Bees", tmp_path / "rec_1.ogg")

    with ffmpeg_speaking(door(engine, "whip"), ticket("part_ann"), VOICE, tmp_path):
        listening = asyncio.create_task(
            aiortc_listener.listen(door(engine, "whep"), ticket("part_bob"), seconds=4)
        )
        await until(engine, StartedSpeaking(ROOM, "part_ann"))
        heard = await listening
    engine.stop_recording(ROOM, "rec_1")
    stopped = (await until(engine, RecordingStopped))[-1]

    assert abs(heard).max() > 0.05
    assert len(heard) >= 4 * speech.RATE
    assert isinstance(stopped, RecordingStopped)
    assert stopped.duration_ms > 4_000
    duration_ms, levels = summarise_recording(stopped.path)
    assert duration_ms == stopped.duration_ms
    assert len(levels) == 100
    assert max(levels) == 31


async def test_a_client_that_goes_is_told_and_one_that_is_removed_is_not(engine: Engine) -> None:
    for participant in ("part_bob", "part_cy"):
        engine.admit(ROOM, participant, csrc=hash(participant) % 2**32, view="listener", may_speak=False)
    async with lines(engine, "part_cy"):
        await until(engine, Connected(ROOM, "part_cy", "events"))
        engine.remove(ROOM, "part_cy", "LEFT")
        async with lines(engine, "part_bob"):
            await until(engine, Connected(ROOM, "part_bob", "events"))
        seen = await until(engine, Disconnected)
    assert [event for event in seen if isinstance(event, Disconnected)] == [
        Disconnected(ROOM, "part_bob", "events", "closed")
    ]


async def test_a_recording_that_cannot_be_written_is_told(engine: Engine, tmp_path: Path) -> None:
    engine.start_recording(ROOM, "rec_1", "", tmp_path / "nowhere" / "rec_1.ogg")
    (failed,) = await until(engine, RecordingFailed)
    assert isinstance(failed, RecordingFailed)
    assert "nowhere" in failed.reason


def test_a_port_in_use_is_named(engine: Engine) -> None:
    for taken in (
        {"edge_bind": f"127.0.0.1:{engine.edge_port}"},
        {"media_bind": f"127.0.0.1:{engine.media_port}"},
    ):
        with pytest.raises(OSError, match=r"127\.0\.0\.1") as raised:
            started(**taken)
        assert raised.value.errno == errno.EADDRINUSE


def test_arguments_that_cannot_be_right_are_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Engine(edge_bind="127.0.0.1:0", media_bind="127.0.0.1:0", media_addresses=[], ticket_key=b"short")
    with pytest.raises(ValueError, match="localhost"):
        started(media_bind="localhost:0")


def test_an_engine_that_was_shut_down_says_so(engine: Engine) -> None:
    engine.shutdown()
    engine.shutdown()
    with pytest.raises(RuntimeError, match="shut down"):
        engine.open_room("room_2")
