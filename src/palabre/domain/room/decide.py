"""`decide`: a room and a wish in, events or a refusal out. It awaits, logs and saves nothing."""

from datetime import datetime
from typing import assert_never

from palabre.domain.refusal import Code, Refused
from palabre.domain.room import commands as c
from palabre.domain.room import entry, floor, policy, recorder
from palabre.domain.room import events as e
from palabre.domain.room.state import HandsPolicy, Room


def start(cmd: c.StartRoom, now: datetime) -> e.RoomStarted:
    """A new room for a chat that has none. Raises Refused, for one ROOM_ALREADY_LIVE."""
    policy.need_manager(cmd.by)
    title = policy.checked_title(cmd.title)
    if cmd.live_room is not None:
        raise Refused(Code.ROOM_ALREADY_LIVE)
    return e.RoomStarted(
        room=cmd.room,
        chat=cmd.chat,
        title=title,
        by=cmd.by.account,
        at=now,
        join_muted=cmd.join_muted,
        hands=HandsPolicy.EVERYONE,
        capacity=cmd.capacity,
    )


def decide(room: Room, cmd: c.Command, now: datetime) -> e.Changes:
    """The events `cmd` leads to; none when everything is already as wished. Raises Refused."""
    if not room.live:
        return _after_the_end(cmd)
    match cmd:
        case c.ChangeTitle() | c.SetHandsPolicy() | c.SetJoinMuted():
            return _change_settings(room, cmd)
        case c.Join() | c.Leave() | c.Expel() | c.ChangeStanding():
            return entry.come_and_go(room, cmd, now)
        case c.SetMic() | c.RaiseHand() | c.LowerHand():
            return floor.speak_up(room, cmd, now)
        case c.Mute() | c.Allow() | c.MuteAll() | c.Remove():
            return floor.moderate(room, cmd)
        case c.StartRecording() | c.StopRecording() | c.LoseRecording() | c.ResumeRecording():
            return recorder.record(room, cmd, now)
        case c.EndRoom() | c.EndIfEmpty():
            return _end(room, cmd, now)
        case _:
            assert_never(cmd)


def _after_the_end(cmd: c.Command) -> e.Changes:
    """What ends or undoes something is no error on a room that is over; everything else is."""
    match cmd:
        case c.EndRoom() | c.EndIfEmpty() | c.Leave() | c.Expel() | c.ChangeStanding() | c.LoseRecording():
            return ()
        case _:
            raise Refused(Code.ROOM_ENDED)


def _change_settings(room: Room, cmd: c.ChangeTitle | c.SetHandsPolicy | c.SetJoinMuted) -> e.Changes:
    policy.need_manager(cmd.by)
    match cmd:
        case c.ChangeTitle(by, raw):
            title = policy.checked_title(raw)
            return () if title == room.title else (e.TitleChanged(title, by.account),)
        case c.SetHandsPolicy(by, hands):
            return () if hands is room.hands else (e.HandsPolicyChanged(hands, by.account),)
        case c.SetJoinMuted(by, on):
            return () if on == room.join_muted else (e.JoinMutedChanged(on, by.account),)
        case _:
            assert_never(cmd)


def _end(room: Room, cmd: c.EndRoom | c.EndIfEmpty, now: datetime) -> e.Changes:
    """The recording, if one runs, stops first, so that it is delivered."""
    match cmd:
        case c.EndRoom(by):
            policy.need_manager(by)
            ended = e.RoomEnded(now, by.account)
        case c.EndIfEmpty():
            if room.participants:
                return ()
            ended = e.RoomEnded(now, None)
        case _:
            assert_never(cmd)
    return (ended,) if room.recording is None else (e.RecordingStopped(room.recording.id), ended)
