"""Microphones and hands: the mute matrix, the queue, and what managers do to others."""

from datetime import datetime
from typing import assert_never

from palabre.domain.refusal import Code, Refused
from palabre.domain.room import commands as c
from palabre.domain.room import events as e
from palabre.domain.room import policy
from palabre.domain.room.participant import Hand, Mic
from palabre.domain.room.state import REASON_MAX, Room


def speak_up(room: Room, cmd: c.SetMic | c.RaiseHand | c.LowerHand, now: datetime) -> e.Changes:
    """What a participant does for itself (a manager may also lower another's hand)."""
    match cmd:
        case c.SetMic():
            return _set_own_mic(room, cmd)
        case c.RaiseHand():
            return _raise_hand(room, cmd, now)
        case c.LowerHand():
            return _lower_hand(room, cmd)
        case _:
            assert_never(cmd)


def _set_own_mic(room: Room, cmd: c.SetMic) -> e.Changes:
    inside = policy.need_inside(room, cmd.account)
    if cmd.mic is Mic.MUTED_BY_MANAGER:
        raise Refused(Code.INVALID_INPUT, "Your own microphone is `live` or `muted`. Send one of them.")
    if not inside.may_speak:
        if cmd.mic is Mic.MUTED:
            return ()
        raise Refused(Code.NOT_ALLOWED_TO_SPEAK)
    return () if cmd.mic is inside.mic else (e.MicChanged(inside.id, cmd.mic),)


def _raise_hand(room: Room, cmd: c.RaiseHand, now: datetime) -> e.Changes:
    """Raising again changes the question and keeps the place in the queue."""
    inside = policy.need_inside(room, cmd.by.account)
    question = policy.checked_text(cmd.question)
    if inside.may_speak:
        raise Refused(Code.ALREADY_ALLOWED)
    policy.need_open_hands(room, cmd.by)
    hand = Hand(now if inside.hand is None else inside.hand.raised_at, question)
    return () if hand == inside.hand else (e.HandRaised(inside.id, hand),)


def _lower_hand(room: Room, cmd: c.LowerHand) -> e.Changes:
    target = policy.need_participant(room, cmd.who)
    if target.account != cmd.by.account:
        policy.need_manager(cmd.by)
    return () if target.hand is None else (e.HandLowered(target.id, cmd.by.account),)


def moderate(room: Room, cmd: c.Mute | c.Allow | c.MuteAll | c.Remove) -> e.Changes:
    policy.need_manager(cmd.by)
    match cmd:
        case c.Mute(by, who):
            target = policy.need_participant(room, who)
            mic = policy.mic_when_muted_by_manager(target)
            return () if target.mic is mic else (e.Muted(who, mic, by.account),)
        case c.Allow(by, who):
            target = policy.need_participant(room, who)
            return () if target.may_speak else (e.Allowed(who, by.account),)
        case c.MuteAll(by):
            speakers = any(p.may_speak and not p.manager for p in room.people.in_view.values())
            return (e.AllMuted(by.account),) if speakers else ()
        case c.Remove():
            return _remove(room, cmd)
        case _:
            assert_never(cmd)


def _remove(room: Room, cmd: c.Remove) -> e.Changes:
    target = policy.need_participant(room, cmd.who)
    if target.manager:
        raise Refused(Code.MANAGER_PROTECTED)
    reason = policy.checked_text(cmd.reason, REASON_MAX)
    return (e.Removed(cmd.who, cmd.by.account, cmd.until, reason),)
