"""Brings finished recordings to the Saved Messages of who started them, whatever happens on the way."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from palabre.domain.ids import BlobId, RecordingId
from palabre.domain.room.commands import LoseRecording
from palabre.rooms.engine_room import recording_path
from palabre.rooms.media_events import RecordingEvent, RecordingFailed, RecordingFinished
from palabre.rooms.ports import Blobs, ChatLog, Clock, OpenRecording, Recordings
from palabre.rooms.runner import Runner

log = structlog.get_logger(__name__)

RETRY_S = 60.0
"""Until a delivery that failed (disk full, database away) is tried again."""

Summarise = Callable[[Path], tuple[int, bytes]]
"""Duration in ms and 100 waveform levels of 0..31. It blocks, and cuts a torn last page off first.

Raises OSError when the file cannot be read, ValueError when it holds no recording.
"""


class Delivery:
    """Finished files wait in `_finished`; the store of open recordings outlives a crash and fills it."""

    def __init__(
        self,
        *,
        folder: Path,
        summarise: Summarise,
        recordings: Recordings,
        blobs: Blobs,
        chat_log: ChatLog,
        runner: Runner,
        clock: Clock,
    ) -> None:
        self._folder = folder
        self._summarise = summarise
        self._recordings = recordings
        self._blobs = blobs
        self._chat_log = chat_log
        self._runner = runner
        self._clock = clock
        self._finished: set[RecordingId] = set()
        self._wake = asyncio.Event()

    async def recover(self) -> None:
        """At the start, before rooms are opened again: whatever was open has ended with the old process."""
        self._finish(*[recording.id for recording in await self._recordings.undelivered()])

    async def handle(self, event: RecordingEvent) -> None:
        """Takes the engine's report; the delivery itself is done by `run`."""
        match event:
            case RecordingFinished(_, recording):
                self._finish(recording)
            case RecordingFailed():
                await self._say_failed(event)
                self._finish(event.recording)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with asyncio.timeout(RETRY_S):
                    await self.next_finished()
            except TimeoutError:
                log.debug("looking again at recordings that wait", waiting=len(self._finished))
            await self.deliver_finished()

    async def next_finished(self) -> None:
        """Returns as soon as a recording has finished since the last call."""
        await self._wake.wait()
        self._wake.clear()

    async def deliver_finished(self) -> None:
        """Delivers what waits. What fails stays, and is tried again a minute later or at the next start."""
        for recording in tuple(self._finished):
            try:
                await self._deliver(recording)
                self._finished.discard(recording)
            except Exception:
                log.exception("a recording could not be delivered yet", recording=recording)

    def _finish(self, *recordings: RecordingId) -> None:
        self._finished.update(recordings)
        self._wake.set()

    async def _deliver(self, recording_id: RecordingId) -> None:
        recording = await self._recordings.get(recording_id)
        path = recording_path(self._folder, recording_id)
        if recording is not None:
            await self._leave_message(recording, path)
            await self._recordings.close(recording_id)
        # Only now: the message is committed, the blob is durable.
        await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _leave_message(self, recording: OpenRecording, path: Path) -> None:
        if not await asyncio.to_thread(path.exists):
            log.info("a recording ended before it began", recording=recording.id)
            return
        try:
            duration_ms, waveform = await asyncio.to_thread(self._summarise, path)
        except ValueError as error:
            # No later attempt would read more. The file stays for a person to look at.
            log.error("a file holds no recording", recording=recording.id, error=str(error))
            await asyncio.to_thread(path.rename, path.with_suffix(".unreadable"))
            return
        if duration_ms == 0:
            log.info("an empty recording was not delivered", recording=recording.id)
            return
        blob = _blob_of(recording.id)
        await self._blobs.put_file(blob, path)
        await self._chat_log.voice_message(
            recording.starter,
            recording=recording.id,
            blob=blob,
            title=recording.title,
            duration_ms=duration_ms,
            waveform=list(waveform),
            at=self._clock.now(),
        )
        log.info("a recording was delivered", recording=recording.id, duration_ms=duration_ms)

    async def _say_failed(self, event: RecordingFailed) -> None:
        log.error("the engine could not go on recording", recording=event.recording, reason=event.reason)
        recording = await self._recordings.get(event.recording)
        await self._runner.run(event.room, LoseRecording(event.recording))
        if recording is not None:
            await self._chat_log.recording_failed(
                recording.starter,
                recording=recording.id,
                title=recording.title,
                reason=event.reason,
                at=self._clock.now(),
            )


def _blob_of(recording: RecordingId) -> BlobId:
    """The same for each attempt, so that a repeated delivery leaves one blob."""
    return BlobId("blob_" + recording.removeprefix("rec_"))
