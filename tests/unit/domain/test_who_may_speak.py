"""The mute matrix of the rules, cell by cell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palabre.domain.chats import ChatKind
from palabre.domain.refusal import Code, Refused
from palabre.domain.room import commands as c
from palabre.domain.room.participant import Mic
from palabre.domain.room.policy import joins_muted_at_first
from tests.unit.domain.stories import Story, channel, manager, member, stranger

HOST, OTHER_HOST, BEN, CLEO = manager("host"), manager("other"), member("ben"), stranger("cleo")


def refused(code: Code) -> "pytest.RaisesExc[Refused]":
    return pytest.RaisesExc(Refused, check=lambda refusal: refusal.code is code)


def test_newcomers_are_muted_in_a_channel_and_not_in_a_group():
    assert joins_muted_at_first(ChatKind.CHANNEL)
    assert not joins_muted_at_first(ChatKind.GROUP)


@pytest.mark.parametrize(
    ("join_muted", "who", "mic"),
    [
        (True, HOST, Mic.MUTED),
        (True, BEN, Mic.MUTED_BY_MANAGER),
        (True, CLEO, Mic.MUTED_BY_MANAGER),
        (False, HOST, Mic.MUTED),
        (False, BEN, Mic.MUTED),
        (False, CLEO, Mic.MUTED),
    ],
)
def test_on_entry_who_may_speak_is_the_rooms_setting_or_a_manager(join_muted, who, mic):
    story = Story(join_muted=join_muted)
    story.join(who)
    assert story.of(who).mic is mic


def test_join_muted_applies_to_later_entries_only():
    story = Story(join_muted=False)
    story.join(BEN)
    story.does(c.SetJoinMuted(HOST, join_muted=True))
    story.join(CLEO)
    assert (story.of(BEN).mic, story.of(CLEO).mic) == (Mic.MUTED, Mic.MUTED_BY_MANAGER)


def test_listener_cannot_unmute_before_being_allowed():
    story = Story()
    who = story.join(BEN)
    with refused(Code.NOT_ALLOWED_TO_SPEAK):
        story.does(c.SetMic(BEN.account, Mic.LIVE))
    story.does(c.Allow(HOST, who), c.SetMic(BEN.account, Mic.LIVE))
    assert story.of(BEN).mic is Mic.LIVE


def test_allowing_never_opens_the_microphone():
    story = Story()
    story.does(c.Allow(HOST, story.join(BEN)))
    assert story.of(BEN).mic is Mic.MUTED


@pytest.mark.parametrize("before", [Mic.LIVE, Mic.MUTED])
@pytest.mark.parametrize(
    ("target", "after"), [(BEN, Mic.MUTED_BY_MANAGER), (OTHER_HOST, Mic.MUTED), (HOST, Mic.MUTED)]
)
def test_a_muted_manager_keeps_the_right_to_open(target, before, after):
    story = Story(join_muted=False)
    who = story.join(target)
    story.does(c.SetMic(target.account, before), c.Mute(HOST, who))
    assert story.of(target).mic is after


@given(
    by=st.sampled_from([BEN, CLEO]),
    make=st.sampled_from(
        [
            c.Mute,
            c.Allow,
            lambda by, who: c.MuteAll(by),
            lambda by, who: c.Remove(by, who, None, None),
            lambda by, who: c.LowerHand(by, who),
            lambda by, who: c.ChangeTitle(by, "Mine now"),
            lambda by, who: c.StartRecording(by, "rec_1", ""),
            lambda by, who: c.StopRecording(by),
            lambda by, who: c.SetJoinMuted(by, True),
            lambda by, who: c.EndRoom(by),
        ]
    ),
)
def test_whoever_is_no_manager_changes_nothing_for_others(by, make):
    story = Story()
    story.join(by)
    with refused(Code.MANAGERS_ONLY):
        story.does(make(by, story.join(HOST)))


def test_mute_all_spares_managers_and_is_one_event():
    story = Story(join_muted=False)
    for who in (HOST, OTHER_HOST, BEN, CLEO):
        story.join(who)
        story.does(c.SetMic(who.account, Mic.LIVE))
    before = story.room.version
    story.does(c.MuteAll(HOST))
    assert story.room.version == before + 1
    assert [story.of(who).mic for who in (HOST, OTHER_HOST, BEN, CLEO)] == [
        Mic.LIVE,
        Mic.LIVE,
        Mic.MUTED_BY_MANAGER,
        Mic.MUTED_BY_MANAGER,
    ]


def test_leaving_and_entering_again_does_not_undo_a_mute():
    story = Story(join_muted=False)
    story.does(c.Mute(HOST, story.join(BEN)), c.Leave(BEN.account))
    who = story.join(BEN)
    assert story.of(BEN).mic is Mic.MUTED_BY_MANAGER
    story.does(c.Allow(HOST, who), c.Leave(BEN.account))
    story.join(BEN)
    assert story.of(BEN).mic is Mic.MUTED


def test_another_name_does_not_undo_a_mute():
    story = Story(join_muted=False)
    story.does(c.Mute(HOST, story.join(BEN)))
    story.join(BEN, channel("radio"))
    assert story.of(BEN).mic is Mic.MUTED_BY_MANAGER


def test_a_new_manager_may_speak_and_a_former_one_still_may():
    story = Story()
    story.join(BEN)
    story.does(c.ChangeStanding(manager("ben")))
    assert story.of(BEN).mic is Mic.MUTED
    story.does(c.ChangeStanding(BEN))
    assert (story.of(BEN).mic, story.of(BEN).manager) == (Mic.MUTED, False)
