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


@dataclass
class Connected:
    room: str
    participant: str
    door: str


@dataclass
class RecordingStopped:
    room: str
    recording: str
    path: str
    duration_ms: int


@dataclass
class Unheard:
    """A report that this version does not know."""


class Engine:
    """The engine's side of the eventfd."""

    def __init__(self):
        self.event_fd = os.eventfd(0, os.EFD_NONBLOCK)
        self._reports = []

    def report(self, *reports):
        self._reports.extend(reports)
        os.eventfd_write(self.event_fd, 1)

    def drain(self):
        os.eventfd_read(self.event_fd)
        reports, self._reports = self._reports, []
        return reports

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
    engine = Engine()
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


def test_a_full_queue_is_told(engine):
    with pytest.raises(MediaBusy):
        EngineMedia(engine).open_room("room_1")
