"""What this process knows of a live room beyond its log: who is connected, who was heard, what was told."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from palabre.domain.ids import ParticipantId, RoomId
from palabre.domain.room import events as e
from palabre.domain.room.page import RECENTLY_HEARD
from palabre.domain.room.participant import Mic, Participant
from palabre.domain.room.state import Room
from palabre.rooms.agenda import Agenda
from palabre.rooms.bar import Bar, Shown
from palabre.rooms.doors import Doors
from palabre.rooms.engine_room import EngineRoom
from palabre.rooms.feed import RETRY, Feed
from palabre.rooms.journal import Step
from palabre.rooms.media_events import Door
from palabre.rooms.options import RoomOptions
from palabre.rooms.ports import Media, Publisher

FACES = 3
"""Recent speakers in a chat's live bar."""


class LiveRoom:
    """One room in this process. The runner gives it one step after another."""

    def __init__(
        self, room: Room, media: Media, publisher: Publisher, options: RoomOptions, now: datetime
    ) -> None:
        self.room = room
        self.bar = Bar(now)
        self.doors = Doors(options.grace, options.hand_grace)
        self.engine = EngineRoom(media, room.id, options.recordings)
        self.feed = Feed(publisher, room)
        self.heard: dict[ParticipantId, datetime] = {}
        self.empty_since = None if room.participants else now

    def follow(self, step: Step, now: datetime) -> None:
        """The engine first: who may not speak is silent before anybody is told. The end comes last."""
        self.room = step.after
        changed = changed_by(step)
        self._keep_books(step, changed, now)
        if self.room.live:
            self.engine.note(step.before, step.after, changed)
            self.engine.bring_in_step(self.room, farewells(step.events))
            self.feed.follow(self.room, now)
        else:
            self.feed.follow(self.room, now)
            self.close()

    def next_look(self, now: datetime, options: RoomOptions) -> datetime | None:
        """When time itself changes something here, should nobody do before. None: it does not."""
        looks = (
            None if self.empty_since is None else self.empty_since + options.empty_end,
            None if self.engine.in_step else now + RETRY,
            self.doors.next_look(),
            self.feed.next_look(now),
            self.bar.next_look(self.shown(now), self.heard),
        )
        return min((at for at in looks if at is not None), default=None)

    def shown(self, now: datetime) -> Shown:
        """What the chat's live bar shows of the room."""
        return len(self.room.participants), tuple(speaker.id for speaker in self.recent_speakers(now))

    def close(self) -> None:
        """Tells the engine that the room is over; to be repeated until `engine.in_step`."""
        self.engine.close()
        self.feed.close()

    def recent_speakers(self, now: datetime) -> list[Participant]:
        """Who was heard last, newest first, at most three."""
        newest_first = heapq.nlargest(FACES, self.heard.items(), key=lambda entry: entry[1])
        return [self.room.participants[who] for who, at in newest_first if now - at <= RECENTLY_HEARD]

    def _keep_books(self, step: Step, changed: Iterable[ParticipantId], now: datetime) -> None:
        before, inside = step.before.participants, self.room.participants
        for who in changed:
            if who in inside and who not in before:
                self.doors.expect(who, now)
            elif who in before and who not in inside:
                self.doors.forget(who)
                self.heard.pop(who, None)
        for event in step.events:
            self._hold_or_release(event)
        if inside:
            self.empty_since = None
        elif self.empty_since is None:
            self.empty_since = now

    def _hold_or_release(self, event: e.Change) -> None:
        """See `EngineRoom`: who was muted while sending must turn the microphone on by itself."""
        match event:
            case e.Muted(who):
                self._hold(who)
            case e.AllMuted():
                for who in self.doors.sending():
                    if not self.room.participants[who].may_speak:
                        self.engine.hold(who)
            case e.MicChanged(who, Mic.LIVE):
                self.engine.release(who)
            case e.HandLowered(who) | e.Allowed(who):
                self.doors.lowered(who)
            case _:
                pass

    def _hold(self, who: ParticipantId) -> None:
        if self.doors.is_open(who, Door.WHIP):
            self.engine.hold(who)


def changed_by(step: Step) -> Iterable[ParticipantId]:
    """Whoever came, went, or is another than before: by the events, as comparing crowds takes longer."""
    changed: dict[ParticipantId, None] = {}
    for event in step.events:
        match event:
            case e.Joined(participant):
                changed[participant.id] = None
            case e.AllMuted() | e.RoomEnded():
                return [who for who, _, _ in step.after.participants.since(step.before.participants)]
            case (
                e.TitleChanged()
                | e.HandsPolicyChanged()
                | e.JoinMutedChanged()
                | e.RecordingStarted()
                | e.RecordingStopped()
            ):
                pass
            case _:
                changed[event.who] = None
    return changed


def farewells(events: e.Changes) -> Mapping[ParticipantId, str]:
    """What those who are gone read in their `bye`."""
    codes: dict[ParticipantId, str] = {}
    for event in events:
        match event:
            case e.Left(who):
                codes[who] = "LEFT"
            case e.Removed(who) | e.Expelled(who):
                codes[who] = "REMOVED_FROM_ROOM"
            case _:
                pass
    return codes


class LiveRooms:
    """The live rooms of this process, and when each is to be looked after."""

    def __init__(self, media: Media, publisher: Publisher, options: RoomOptions) -> None:
        self.agenda = Agenda()
        self._media = media
        self._publisher = publisher
        self._options = options
        self._rooms: dict[RoomId, LiveRoom] = {}

    def __len__(self) -> int:
        return len(self._rooms)

    def __iter__(self) -> Iterator[LiveRoom]:
        return iter(tuple(self._rooms.values()))

    def get(self, room: RoomId) -> LiveRoom | None:
        """None when the room is not live, or unknown."""
        return self._rooms.get(room)

    def open(self, room: Room, now: datetime) -> LiveRoom:
        """The live room for `room`; a second call gives the same."""
        live = self._rooms.get(room.id)
        if live is None:
            live = LiveRoom(room, self._media, self._publisher, self._options, now)
            self._rooms[room.id] = live
            self.agenda.soon(room.id)
        return live

    def forget_if_over(self, live: LiveRoom) -> None:
        """Lets go of a room that has ended, once the engine knows."""
        if not live.room.live and live.engine.in_step:
            self._rooms.pop(live.room.id, None)
            self.agenda.plan(live.room.id, None)
