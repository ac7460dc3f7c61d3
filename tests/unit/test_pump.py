"""Reports of the engine, from its eventfd to who follows them; commands, and a full queue."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from palabre.media.engine import EngineMedia
from palabre.media.pump import EnginePump
from palabre.rooms import media_events as m
from palabre.rooms.ports import MediaBusy
from tests.fakes.engine import Connected, RecordingStopped, ScriptedEngine


@dataclass
class Unheard:
    """A report that this version does not know."""


class FullEngine(ScriptedEngine):
    """Its command queue has no place left."""

    def open_room(self, room):
        raise BufferError("the command queue is full")


class Follower:
    """Keeps what it was handed; `troubled` fails once."""

    def __init__(self, expected):
        self.seen = []
        self.troubled = False
        self.done = asyncio.Event()
        self._expected = expected

    async def handle(self, event):
        if self.troubled:
            self.troubled = False
            raise OSError("database is away")
        self.seen.append(event)
        if len(self.seen) == self._expected:
            self.done.set()


@pytest.fixture
def engine():
    engine = ScriptedEngine()
    yield engine
    os.close(engine.event_fd)


async def follow(engine, follower, *reports):
    """Runs a pump until `follower` has seen what it expects."""
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        pump = tasks.create_task(EnginePump(engine, follower, follower).run())
        await asyncio.sleep(0)
        for report in reports:
            engine.report(report)
        await follower.done.wait()
        pump.cancel()


async def test_reports_arrive_in_order_as_our_own_words(engine):
    follower = Follower(expected=2)
    await follow(engine, follower, Connected("r", "p", "whip"), RecordingStopped("r", "rec", "/x.ogg", 20))
    assert follower.seen == [
        m.Connected("r", "p", m.Door.WHIP),
        m.RecordingFinished("r", "rec", Path("/x.ogg"), 20),
    ]


async def test_one_reports_trouble_keeps_no_other_from_being_followed(engine):
    follower = Follower(expected=1)
    follower.troubled = True
    await follow(engine, follower, Connected("r", "lost", "whep"), Unheard(), Connected("r", "p", "events"))
    assert follower.seen == [m.Connected("r", "p", m.Door.EVENTS)]


def test_a_full_queue_is_told():
    with pytest.raises(MediaBusy):
        EngineMedia(FullEngine()).open_room("room_1")
