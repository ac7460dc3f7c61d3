"""Coming and staying: who gets in, under which name, and with what in hand."""

from datetime import datetime
from typing import assert_never

from palabre.domain.room import commands as c
from palabre.domain.room import events as e
from palabre.domain.room import policy
from palabre.domain.room.participant import Mic, Participant
from palabre.domain.room.state import Actor, Room


def come_and_go(room: Room, cmd: c.Join | c.Leave | c.Expel | c.ChangeStanding, now: datetime) -> e.Changes:
    match cmd:
        case c.Join():
            return _join(room, cmd, now)
        case c.Leave(account):
            return (e.Left(policy.need_inside(room, account).id),)
        case c.Expel(account):
            inside = room.of(account)
            return () if inside is None else (e.Expelled(inside.id),)
        case c.ChangeStanding(actor):
            return _change_standing(room, actor)
        case _:
            assert_never(cmd)


def _join(room: Room, cmd: c.Join, now: datetime) -> e.Changes:
    """Same persona again: the same participant. Another persona: the old one leaves, a new id appears."""
    policy.need_entry(room, cmd.by, now)
    inside = room.of(cmd.by.account)
    if inside is None:
        return (e.Joined(_newcomer(cmd, policy.mic_on_entry(room, cmd.by), now)),)
    if inside.persona.ref == cmd.persona.ref:
        return _change_standing(room, cmd.by)
    # The hand goes down: a hand with the same time under a new name would tie the two names together.
    mic = Mic.MUTED if inside.may_speak or cmd.by.manager else Mic.MUTED_BY_MANAGER
    return (e.Left(inside.id), e.Joined(_newcomer(cmd, mic, now)))


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


def _change_standing(room: Room, actor: Actor) -> e.Changes:
    inside = room.of(actor.account)
    if inside is None or (inside.member, inside.manager) == (actor.member, actor.manager):
        return ()
    return (e.StandingChanged(inside.id, actor.member, actor.manager),)
