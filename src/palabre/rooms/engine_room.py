"""Keeps the engine in step with one room: what it was told, what it should know, and the difference sent."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import structlog

from palabre.domain.frozen_map import FrozenMap
from palabre.domain.ids import ParticipantId, RecordingId, RoomId
from palabre.domain.room.participant import Participant
from palabre.domain.room.state import Room
from palabre.domain.room.views import viewer_of
from palabre.rooms.ports import Admission, Media, MediaBusy

log = structlog.get_logger(__name__)


class EngineRoom:
    """One room as the engine has it.

    Held are participants whom a manager muted while they were sending. Allowing one of them does not let
    the audio that still comes through, else the manager would have opened the microphone: the participant
    does, by turning it on (or with a new WHIP session).
    """

    def __init__(self, media: Media, room: RoomId, recordings: Path) -> None:
        self._media = media
        self._room = room
        self._recordings = recordings
        self._open = False
        self._told: dict[ParticipantId, Admission] = {}
        self._seen: FrozenMap[ParticipantId, Participant] = FrozenMap()
        self._again: set[ParticipantId] = set()
        self._recording: RecordingId | None = None
        self._bye: dict[ParticipantId, str] = {}
        self._held: set[ParticipantId] = set()
        self.in_step = False

    def bring_in_step(self, room: Room, bye: Mapping[ParticipantId, str] | None = None) -> None:
        """Sends what has changed; `bye` says why a participant is gone, LEFT when it does not.

        A full command queue leaves the rest for the next call: `in_step` says so.
        """
        self._bye.update(bye or {})
        self._again.update(who for who, _, _ in room.participants.since(self._seen))
        self._seen = room.participants
        try:
            self._open_once()
            self._sync_participants(room)
            self._sync_recording(room)
            self.in_step = True
        except MediaBusy:
            self.in_step = False
            log.warning("the engine had no room for a command", room=self._room)

    def note(self, before: Room, after: Room, changed: Iterable[ParticipantId]) -> None:
        """Only these have changed between the two: `bring_in_step` need not compare everybody."""
        if self._seen is before.participants:
            self._again.update(changed)
            self._seen = after.participants

    def hold(self, who: ParticipantId) -> None:
        """What `who` sends is not let through until `release`; `bring_in_step` tells the engine."""
        self._held.add(who)
        self._again.add(who)

    def release(self, who: ParticipantId) -> None:
        """The participant has opened its microphone by itself, or has stopped sending."""
        self._held.discard(who)
        self._again.add(who)

    def cut(self, who: ParticipantId, code: str) -> None:
        """Ends the participant's sessions; the next `bring_in_step` admits it anew. Raises MediaBusy."""
        if who in self._told:
            self._media.remove(self._room, who, code)
            del self._told[who]
            self._again.add(who)

    def close(self) -> None:
        """The room has ended: everybody is told so. The recording stops before."""
        try:
            if self._recording is not None:
                self._media.stop_recording(self._room, self._recording)
                self._recording = None
            self._media.close_room(self._room, "ROOM_ENDED")
            self.in_step = True
        except MediaBusy:
            self.in_step = False
            log.warning("the engine had no room for a command", room=self._room)

    def _open_once(self) -> None:
        if not self._open:
            self._media.open_room(self._room)
            self._open = True

    def _sync_participants(self, room: Room) -> None:
        """Those who are gone first: who comes back under another name was somebody else."""
        for who in [who for who in self._again if who not in room.participants]:
            if who in self._told:
                self._media.remove(self._room, who, self._bye.get(who, "LEFT"))
                del self._told[who]
            self._bye.pop(who, None)
            self._held.discard(who)
            self._again.discard(who)
        self._admit([self._admission(room.participants[who]) for who in self._again])
        self._again.clear()

    def _admission(self, participant: Participant) -> Admission:
        may_speak = participant.may_speak and participant.id not in self._held
        return Admission(participant.id, participant.csrc, viewer_of(participant), may_speak)

    def _admit(self, wanted: Sequence[Admission]) -> None:
        news = [one for one in wanted if self._told.get(one.participant) != one]
        if not news:
            return
        taken = self._media.admit_all(self._room, news)
        self._told.update((one.participant, one) for one in news[:taken])
        if taken < len(news):
            raise MediaBusy

    def _sync_recording(self, room: Room) -> None:
        running = room.recording
        wanted = None if running is None else running.id
        if wanted == self._recording:
            return
        if self._recording is not None:
            self._media.stop_recording(self._room, self._recording)
            self._recording = None
        if running is not None:
            path = recording_path(self._recordings, running.id)
            self._media.start_recording(self._room, running.id, running.title, path)
            self._recording = running.id


def recording_path(folder: Path, recording: RecordingId) -> Path:
    """Where a recording that runs, or waits for its delivery, is written."""
    return folder / f"{recording}.ogg"
