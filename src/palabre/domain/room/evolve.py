"""`evolve`: a room and what happened in, the next room out. It refuses nothing: facts are facts."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from types import MappingProxyType
from typing import Any, assert_never

from palabre.domain.ids import ParticipantId
from palabre.domain.room import events as e
from palabre.domain.room.participant import Mic, Participant
from palabre.domain.room.people import People
from palabre.domain.room.state import Recording, Removal, Room


def found(event: e.RoomStarted) -> Room:
    """The room at version 1."""
    return Room(
        id=event.room,
        chat=event.chat,
        version=1,
        title=event.title,
        started_by=event.by,
        started_at=event.at,
        join_muted=event.join_muted,
        hands=event.hands,
        capacity=event.capacity,
    )


def replay(room: Room, events: Iterable[e.Change]) -> Room:
    """The room after all `events`, each one version later than the one before."""
    for event in events:
        room = _apply(room, event)
    return room


def evolve(room: Room, event: e.Change) -> Room:
    """The room one version later."""
    return replay(room, (event,))


def _next(room: Room, **changes: Any) -> Room:
    """Once for each event."""
    return replace(room, version=room.version + 1, **changes)


def _apply(room: Room, event: e.Change) -> Room:
    match event:
        case e.TitleChanged() | e.HandsPolicyChanged() | e.JoinMutedChanged():
            return _settings(room, event)
        case e.Joined() | e.Left() | e.Removed() | e.Expelled():
            return _come_and_go(room, event)
        case e.MicChanged() | e.Muted() | e.Allowed() | e.AllMuted():
            return _microphones(room, event)
        case e.HandRaised() | e.HandLowered():
            hand = event.hand if isinstance(event, e.HandRaised) else None
            return _changed(room, event.who, lambda p: replace(p, hand=hand))
        case e.StandingChanged():
            return _standing(room, event)
        case e.RecordingStarted(recording, title, by, at):
            return _next(room, recording=Recording(recording, title, by, at))
        case e.RecordingStopped():
            return _next(room, recording=None)
        case e.RoomEnded(at):
            return _next(room, ended_at=at, people=People())
        case _:
            assert_never(event)


def _settings(room: Room, event: e.TitleChanged | e.HandsPolicyChanged | e.JoinMutedChanged) -> Room:
    match event:
        case e.TitleChanged(title):
            return _next(room, title=title)
        case e.HandsPolicyChanged(hands):
            return _next(room, hands=hands)
        case e.JoinMutedChanged(join_muted):
            return _next(room, join_muted=join_muted)
        case _:
            assert_never(event)


def _come_and_go(room: Room, event: e.Joined | e.Left | e.Removed | e.Expelled) -> Room:
    match event:
        case e.Joined(participant):
            return _next(room, people=room.people.put(participant))
        case e.Left(who) | e.Expelled(who):
            return _next(room, people=room.people.drop(who))
        case e.Removed(who, _, until, reason):
            account = room.participants[who].account
            removed = MappingProxyType({**room.removed, account: Removal(until, reason)})
            return _next(room, people=room.people.drop(who), removed=removed)
        case _:
            assert_never(event)


def _microphones(room: Room, event: e.MicChanged | e.Muted | e.Allowed | e.AllMuted) -> Room:
    match event:
        case e.MicChanged(who, mic):
            return _changed(room, who, lambda p: replace(p, mic=mic))
        case e.Muted(who, mic):
            muted = _changed(room, who, lambda p: replace(p, mic=mic))
            silenced = {room.participants[who].account} if mic is Mic.MUTED_BY_MANAGER else set()
            return replace(muted, silenced=room.silenced | silenced)
        case e.Allowed(who):
            allowed = _changed(room, who, lambda p: replace(p, mic=Mic.MUTED, hand=None))
            return replace(allowed, silenced=room.silenced - {room.participants[who].account})
        case e.AllMuted():
            return _all_muted(room)
        case _:
            assert_never(event)


def _all_muted(room: Room) -> Room:
    speakers = [p for p in room.people.in_view.values() if p.may_speak and not p.manager]
    people = room.people
    for speaker in speakers:
        people = people.put(replace(speaker, mic=Mic.MUTED_BY_MANAGER))
    return _next(room, people=people, silenced=room.silenced | {p.account for p in speakers})


def _standing(room: Room, event: e.StandingChanged) -> Room:
    def with_standing(p: Participant) -> Participant:
        changed = replace(p, member=event.member, manager=event.manager)
        if event.manager and not p.may_speak:
            return replace(changed, mic=Mic.MUTED, hand=None)
        return changed

    return _changed(room, event.who, with_standing)


def _changed(room: Room, who: ParticipantId, change: Callable[[Participant], Participant]) -> Room:
    return _next(room, people=room.people.change(who, change))
