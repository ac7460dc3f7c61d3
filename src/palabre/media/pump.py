"""Reports from the engine: woken by its eventfd, drained in batches, handed to who follows them."""

import asyncio
from pathlib import Path
from typing import Any, assert_never

import structlog

from palabre.domain.ids import ParticipantId, RecordingId, RoomId
from palabre.media.engine import Engine
from palabre.rooms.media_events import (
    Connected,
    Disconnected,
    Door,
    MediaEvent,
    OnRecording,
    OnRoomMedia,
    RecordingFailed,
    RecordingFinished,
    SnapshotWanted,
    StartedSpeaking,
)

log = structlog.get_logger(__name__)


class EnginePump:
    """One task for all reports, in the order the engine made them."""

    def __init__(self, engine: Engine, rooms: OnRoomMedia, recordings: OnRecording) -> None:
        self._engine = engine
        self._rooms = rooms
        self._recordings = recordings

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._engine.event_fd, ready.set)
        try:
            while True:
                await ready.wait()
                ready.clear()
                for event in self._engine.drain():
                    await self._hand_over(event)
        finally:
            loop.remove_reader(self._engine.event_fd)

    async def _hand_over(self, raw: Any) -> None:
        try:
            await self._dispatch(read(raw))
        except Exception:
            # One report's trouble must not keep all later ones from being heard.
            log.exception("a report of the engine could not be followed", report=type(raw).__name__)

    async def _dispatch(self, event: MediaEvent) -> None:
        match event:
            case Connected() | Disconnected() | StartedSpeaking() | SnapshotWanted():
                await self._rooms.handle(event)
            case RecordingFinished() | RecordingFailed():
                await self._recordings.handle(event)
            case _:
                assert_never(event)


def read(raw: Any) -> MediaEvent:
    """The engine's own class as ours. Raises ValueError for one this version does not know."""
    match type(raw).__name__:
        case "Connected":
            return Connected(RoomId(raw.room), ParticipantId(raw.participant), Door(raw.door))
        case "Disconnected":
            return Disconnected(RoomId(raw.room), ParticipantId(raw.participant), Door(raw.door), raw.reason)
        case "StartedSpeaking":
            return StartedSpeaking(RoomId(raw.room), ParticipantId(raw.participant))
        case "SnapshotWanted":
            return SnapshotWanted(raw.topic, raw.view)
        case "RecordingStopped":
            return RecordingFinished(
                RoomId(raw.room), RecordingId(raw.recording), Path(raw.path), raw.duration_ms
            )
        case "RecordingFailed":
            return RecordingFailed(RoomId(raw.room), RecordingId(raw.recording), raw.reason)
        case other:
            raise ValueError(f"the engine reported {other}, which is unknown here")
