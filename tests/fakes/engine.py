"""The engine as tests script it: remembers what it was told, reports what a test says."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Connected:
    room: str
    participant: str
    door: str


@dataclass(frozen=True)
class Disconnected:
    room: str
    participant: str
    door: str
    reason: str


@dataclass(frozen=True)
class StartedSpeaking:
    room: str
    participant: str


@dataclass(frozen=True)
class SnapshotWanted:
    topic: str
    view: str


@dataclass(frozen=True)
class RecordingStopped:
    room: str
    recording: str
    path: str
    duration_ms: int


@dataclass(frozen=True)
class RecordingFailed:
    room: str
    recording: str
    reason: str


@dataclass
class ScriptedEngine:
    """Satisfies `media.engine.Engine`; `calls` holds (command, arguments) in order."""

    event_fd: int = field(default_factory=lambda: os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC))
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _reports: list[Any] = field(default_factory=list)

    def report(self, *events: Any) -> None:
        self._reports.extend(events)
        os.eventfd_write(self.event_fd, 1)

    def drain(self) -> list[Any]:
        try:
            os.eventfd_read(self.event_fd)
        except BlockingIOError:
            return []
        reports, self._reports = self._reports, []
        return reports

    def told(self, command: str) -> list[dict[str, Any]]:
        return [arguments for name, arguments in self.calls if name == command]

    def close(self) -> None:
        os.close(self.event_fd)

    def open_room(self, room: str) -> None:
        self._note("open_room", room=room)

    def close_room(self, room: str, code: str) -> None:
        self._note("close_room", room=room, code=code)

    def admit_all(self, room: str, people: Sequence[tuple[str, int, str, bool]]) -> int:
        for participant, csrc, view, may_speak in people:
            self._note("admit", room=room, participant=participant, csrc=csrc, view=view, may_speak=may_speak)
        return len(people)

    def remove(self, room: str, participant: str, code: str) -> None:
        self._note("remove", room=room, participant=participant, code=code)

    def snapshot(self, topic: str, view: str, version: int, data: bytes) -> None:
        self._note("snapshot", topic=topic, view=view, version=version, data=data)

    def publish(self, topic: str, view: str, after: int, version: int, data: bytes) -> None:
        self._note("publish", topic=topic, view=view, after=after, version=version, data=data)

    def close_topic(self, topic: str) -> None:
        self._note("close_topic", topic=topic)

    def start_recording(self, room: str, recording: str, title: str, path: str) -> None:
        self._note("start_recording", room=room, recording=recording, title=title, path=path)

    def stop_recording(self, room: str, recording: str) -> None:
        self._note("stop_recording", room=room, recording=recording)

    def metrics(self) -> dict[str, float]:
        return {"media_sessions": 0.0}

    def _note(self, command: str, **arguments: Any) -> None:
        self.calls.append((command, arguments))
