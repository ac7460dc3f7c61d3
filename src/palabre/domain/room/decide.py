"""`decide`: a room and a wish in, events or a refusal out. It awaits, logs and saves nothing."""

from datetime import datetime
from typing import assert_never

from palabre.domain.refusal import Code, Refused
from palabre.domain.room import commands as c
from palabre.domain.room import policy
from palabre.domain.room.events import (
    AllMuted,
    Allowed,
    Change,
    Expelled,
    HandLowered,
    HandRaised,
    HandsPolicyChanged,
    Joined,
    JoinMutedChanged,
    Left,
    MicChanged,
    Muted,
    RecordingStarted,
    RecordingStopped,
    Removed,
    RoomEnded,
    RoomStarted,
    StandingChanged,
    TitleChanged,
)
from palabre.domain.room.state import REASON_MAX, Actor, Hand, HandsPolicy, Mic, Participant, Room

Changes = tuple[Change, ...]


def start(cmd: c.StartRoom, now: datetime) -> RoomStarted:
    """A new room for a chat that has none. Raises Refused(MANAGERS_ONLY | ROOM_ALREADY_LIVE | TITLE_TOO_LONG)."""
    policy.need_manager(cmd.by)
    title = policy.checked_title(cmd.title)
    if cmd.live_room is not None:
        raise Refused(Code.ROOM_ALREADY_LIVE)
    return RoomStarted(
        room=cmd.room,
        chat=cmd.chat,
        title=title,
        by=cmd.by.account,
        at=now,
        join_muted=cmd.join_muted,
        hands=HandsPolicy.EVERYONE,
        capacity=cmd.capacity,
    )


def decide(room: Room, cmd: c.Command, now: datetime) -> Changes:
    """The events `cmd` leads to; none when everything is already as wished. Raises Refused."""
    if not room.live:
        return _after_the_end(cmd)
    match cmd:
        case c.ChangeTitle() | c.SetHandsPolicy() | c.SetJoinMuted():
            return _change_settings(room, cmd)
        case c.Join():
            return _join(room, cmd, now)
        case c.Leave(account):
            return (Left(policy.need_inside(room, account).id),)
        case c.SetMic():
            return _set_own_mic(room, cmd)
        case c.RaiseHand():
            return _raise_hand(room, cmd, now)
        case c.LowerHand():
            return _lower_hand(room, cmd)
        case c.Mute() | c.Allow() | c.MuteAll() | c.Remove():
            return _moderate(room, cmd)
        case c.StartRecording() | c.StopRecording() | c.LoseRecording() | c.ResumeRecording():
            return _record(room, cmd, now)
        case c.ChangeStanding(actor):
            return _change_standing(room, actor)
        case c.Expel(account):
            inside = room.of(account)
            return () if inside is None else (Expelled(inside.id),)
        case c.EndRoom(by):
            policy.need_manager(by)
            return _end(room, by, now)
        case c.EndIfEmpty():
            return () if room.participants else _end(room, None, now)
        case _:
            assert_never(cmd)


def _after_the_end(cmd: c.Command) -> Changes:
    """What ends or undoes something is no error on a room that is over; everything else is."""
    match cmd:
        case c.EndRoom() | c.EndIfEmpty() | c.Leave() | c.Expel() | c.ChangeStanding() | c.LoseRecording():
            return ()
        case _:
            raise Refused(Code.ROOM_ENDED)


def _change_settings(room: Room, cmd: c.ChangeTitle | c.SetHandsPolicy | c.SetJoinMuted) -> Changes:
    policy.need_manager(cmd.by)
    match cmd:
        case c.ChangeTitle(by, raw):
            title = policy.checked_title(raw)
            return () if title == room.title else (TitleChanged(title, by.account),)
        case c.SetHandsPolicy(by, hands):
            return () if hands is room.hands else (HandsPolicyChanged(hands, by.account),)
        case c.SetJoinMuted(by, on):
            return () if on == room.join_muted else (JoinMutedChanged(on, by.account),)
        case _:
            assert_never(cmd)


def _join(room: Room, cmd: c.Join, now: datetime) -> Changes:
    """Same persona again: the same participant. Another persona: the old participant leaves, a new id appears."""
    policy.need_entry(room, cmd.by, now)
    inside = room.of(cmd.by.account)
    if inside is None:
        return (Joined(_newcomer(cmd, policy.mic_on_entry(room, cmd.by), now)),)
    if inside.persona.ref == cmd.persona.ref:
        return _change_standing(room, cmd.by)
    # The hand goes down: a hand with the same time under a new name would tie the two names together.
    mic = Mic.MUTED if inside.may_speak or cmd.by.manager else Mic.MUTED_BY_MANAGER
    return (Left(inside.id), Joined(_newcomer(cmd, mic, now)))


def _newcomer(cmd: c.Join, mic: Mic, now: datetime) -> Participant:
    return Participant(
        id=cmd.participant,
        account=cmd.by.account,
        persona=cmd.persona,
        csrc=cmd.csrc,
        member=cmd.by.member,
        manager=cmd.by.manager,
        mic=mic,
        hand=None,
        joined_at=now,
    )


def _set_own_mic(room: Room, cmd: c.SetMic) -> Changes:
    inside = policy.need_inside(room, cmd.account)
    if cmd.mic is Mic.MUTED_BY_MANAGER:
        raise Refused(Code.INVALID_INPUT, "Your own microphone is `live` or `muted`. Send one of them.")
    if not inside.may_speak:
        if cmd.mic is Mic.MUTED:
            return ()
        raise Refused(Code.NOT_ALLOWED_TO_SPEAK)
    return () if cmd.mic is inside.mic else (MicChanged(inside.id, cmd.mic),)


def _raise_hand(room: Room, cmd: c.RaiseHand, now: datetime) -> Changes:
    """Raising again changes the question and keeps the place in the queue."""
    inside = policy.need_inside(room, cmd.by.account)
    question = policy.checked_text(cmd.question)
    if inside.may_speak:
        raise Refused(Code.ALREADY_ALLOWED)
    policy.need_open_hands(room, cmd.by)
    hand = Hand(now if inside.hand is None else inside.hand.raised_at, question)
    return () if hand == inside.hand else (HandRaised(inside.id, hand),)


def _lower_hand(room: Room, cmd: c.LowerHand) -> Changes:
    target = policy.need_participant(room, cmd.who)
    if target.account != cmd.by.account:
        policy.need_manager(cmd.by)
    return () if target.hand is None else (HandLowered(target.id, cmd.by.account),)


def _moderate(room: Room, cmd: c.Mute | c.Allow | c.MuteAll | c.Remove) -> Changes:
    policy.need_manager(cmd.by)
    match cmd:
        case c.Mute(by, who):
            target = policy.need_participant(room, who)
            mic = policy.mic_when_muted_by_manager(target)
            return () if target.mic is mic else (Muted(who, mic, by.account),)
        case c.Allow(by, who):
            target = policy.need_participant(room, who)
            return () if target.may_speak else (Allowed(who, by.account),)
        case c.MuteAll(by):
            speakers = any(p.may_speak and not p.manager for p in room.participants.values())
            return (AllMuted(by.account),) if speakers else ()
        case c.Remove():
            return _remove(room, cmd)
        case _:
            assert_never(cmd)


def _remove(room: Room, cmd: c.Remove) -> Changes:
    target = policy.need_participant(room, cmd.who)
    if target.manager:
        raise Refused(Code.MANAGER_PROTECTED)
    reason = policy.checked_text(cmd.reason, REASON_MAX)
    return (Removed(cmd.who, cmd.by.account, cmd.until, reason),)


def _record(
    room: Room,
    cmd: c.StartRecording | c.StopRecording | c.LoseRecording | c.ResumeRecording,
    now: datetime,
) -> Changes:
    """One recording at a time."""
    running = room.recording
    match cmd:
        case c.StartRecording(by, recording, raw):
            policy.need_manager(by)
            title = policy.checked_title(raw)
            if running is not None:
                raise Refused(Code.ALREADY_RECORDING)
            return (RecordingStarted(recording, title, by.account, now),)
        case c.StopRecording(by):
            policy.need_manager(by)
            if running is None:
                raise Refused(Code.NOT_RECORDING)
            return (RecordingStopped(running.id),)
        case c.LoseRecording(recording):
            lost = running is not None and running.id == recording
            return (RecordingStopped(recording),) if lost else ()
        case c.ResumeRecording(recording):
            if running is None:
                return ()
            again = RecordingStarted(recording, running.title, running.started_by, now)
            return (RecordingStopped(running.id), again)
        case _:
            assert_never(cmd)


def _change_standing(room: Room, actor: Actor) -> Changes:
    inside = room.of(actor.account)
    if inside is None or (inside.member, inside.manager) == (actor.member, actor.manager):
        return ()
    return (StandingChanged(inside.id, actor.member, actor.manager),)


def _end(room: Room, by: Actor | None, now: datetime) -> Changes:
    """The recording, if one runs, stops first, so that it is delivered."""
    ended = RoomEnded(now, None if by is None else by.account)
    return (ended,) if room.recording is None else (RecordingStopped(room.recording.id), ended)
