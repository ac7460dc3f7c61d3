"""Commands to the engine. They are queued there and never block; a full queue is told, not waited for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from palabre.domain.ids import ParticipantId, RecordingId, RoomId
from palabre.rooms.ports import Admission, MediaBusy


class Engine(Protocol):
    """What is used of `palabre._engine.Engine`. Commands raise BufferError when the queue is full."""

    @property
    def event_fd(self) -> int: ...
    def drain(self) -> list[Any]: ...
    def open_room(self, room: str) -> None: ...
    def close_room(self, room: str, code: str) -> None: ...
    def admit_all(self, room: str, people: Sequence[tuple[str, int, str, bool]]) -> int: ...
    def remove(self, room: str, participant: str, code: str) -> None: ...
    def snapshot(self, topic: str, view: str, version: int, data: bytes) -> None: ...
    def publish(self, topic: str, view: str, after: int, version: int, data: bytes) -> None: ...
    def close_topic(self, topic: str) -> None: ...
    def start_recording(self, room: str, recording: str, title: str, path: str) -> None: ...
    def stop_recording(self, room: str, recording: str) -> None: ...
    def metrics(self) -> dict[str, float]: ...


class EngineMedia:
    """The ports Media and Publisher, by the engine of this process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open_room(self, room: RoomId) -> None:
        """See `Media`."""
        with _told_when_busy():
            self._engine.open_room(room)

    def close_room(self, room: RoomId, code: str) -> None:
        """See `Media`."""
        with _told_when_busy():
            self._engine.close_room(room, code)

    def admit_all(self, room: RoomId, people: Sequence[Admission]) -> int:
        """See `Media`."""
        told = [(one.participant, one.csrc, one.view.value, one.may_speak) for one in people]
        return self._engine.admit_all(room, told)

    def remove(self, room: RoomId, participant: ParticipantId, code: str) -> None:
        """See `Media`."""
        with _told_when_busy():
            self._engine.remove(room, participant, code)

    def start_recording(self, room: RoomId, recording: RecordingId, title: str, path: Path) -> None:
        """See `Media`."""
        with _told_when_busy():
            self._engine.start_recording(room, recording, title, str(path))

    def stop_recording(self, room: RoomId, recording: RecordingId) -> None:
        """See `Media`."""
        with _told_when_busy():
            self._engine.stop_recording(room, recording)

    def snapshot(self, topic: str, view: str, version: int, data: bytes) -> None:
        """See `Publisher`."""
        with _told_when_busy():
            self._engine.snapshot(topic, str(view), version, data)

    def publish(self, topic: str, view: str, after: int, version: int, data: bytes) -> None:
        """See `Publisher`."""
        with _told_when_busy():
            self._engine.publish(topic, str(view), after, version, data)

    def close_topic(self, topic: str) -> None:
        """See `Publisher`."""
        with _told_when_busy():
            self._engine.close_topic(topic)


@contextmanager
def _told_when_busy() -> Iterator[None]:
    try:
        yield
    except BufferError as error:
        raise MediaBusy from error
