"""An engine without sound: it does what it is told, remembers it, and reports what a test scripts."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from palabre.domain.ids import ParticipantId, RecordingId, RoomId
from palabre.domain.room.views import Viewer
from palabre.rooms.ports import Admission, MediaBusy


class ScriptedMedia:
    """Media and Publisher. While `busy`, every command is refused."""

    def __init__(self) -> None:
        self.busy = False
        self.calls: list[tuple[Any, ...]] = []
        self.admitted: dict[ParticipantId, tuple[Viewer, bool]] = {}
        self.recording: RecordingId | None = None
        self.changes: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.snapshots: dict[tuple[str, str], dict[str, Any]] = {}

    def may_speak(self, who: ParticipantId) -> bool:
        """Whether the engine would let the participant's packets through."""
        return who in self.admitted and self.admitted[who][1]

    def called(self, name: str) -> list[tuple[Any, ...]]:
        """The arguments of all calls of one command."""
        return [args for called, *args in map(list, self.calls) if called == name]

    def open_room(self, room: RoomId) -> None:
        self._take("open_room", room)

    def close_room(self, room: RoomId, code: str) -> None:
        self._take("close_room", room, code)
        self.admitted.clear()

    def admit_all(self, room: RoomId, people: Sequence[Admission]) -> int:
        for taken, one in enumerate(people):
            try:
                self._take("admit", one.participant, one.view, one.may_speak)
            except MediaBusy:
                return taken
            self.admitted[one.participant] = (one.view, one.may_speak)
        return len(people)

    def remove(self, room: RoomId, participant: ParticipantId, code: str) -> None:
        self._take("remove", participant, code)
        del self.admitted[participant]

    def start_recording(self, room: RoomId, recording: RecordingId, title: str, path: Path) -> None:
        self._take("start_recording", recording, title, path)
        self.recording = recording

    def stop_recording(self, room: RoomId, recording: RecordingId) -> None:
        self._take("stop_recording", recording)
        self.recording = None

    def snapshot(self, topic: str, view: str, version: int, data: bytes) -> None:
        self._take("snapshot", topic, view, version)
        self.snapshots[topic, view] = json.loads(data)

    def publish(self, topic: str, view: str, after: int, version: int, data: bytes) -> None:
        self._take("publish", topic, view, after, version)
        self.changes.setdefault((topic, view), []).append(json.loads(data))

    def close_topic(self, topic: str) -> None:
        self._take("close_topic", topic)

    def _take(self, *call: Any) -> None:
        if self.busy:
            raise MediaBusy
        self.calls.append(call)
