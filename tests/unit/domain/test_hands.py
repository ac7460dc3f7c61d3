"""Hands: who may raise one, in which order they wait, and what lowers them."""

import pytest

from palabre.domain.refusal import Code
from palabre.domain.room import commands as c
from palabre.domain.room.page import participants_page
from palabre.domain.room.state import HandsPolicy
from palabre.domain.room.views import Viewer
from tests.unit.domain.stories import Story, channel, manager, member, stranger
from tests.unit.domain.test_who_may_speak import refused

HOST, BEN, CLEO, DAN = manager("host"), member("ben"), stranger("cleo"), member("dan")


def test_who_may_speak_needs_no_hand():
    story = Story()
    story.join(HOST)
    with refused(Code.ALREADY_ALLOWED):
        story.does(c.RaiseHand(HOST, None))


@pytest.mark.parametrize(
    ("policy", "who", "code"),
    [
        (HandsPolicy.NOBODY, BEN, Code.HANDS_CLOSED),
        (HandsPolicy.NOBODY, CLEO, Code.HANDS_CLOSED),
        (HandsPolicy.MEMBERS, CLEO, Code.HANDS_MEMBERS_ONLY),
    ],
)
def test_a_closed_queue_says_why(policy, who, code):
    story = Story().does(c.SetHandsPolicy(HOST, policy))
    story.join(who)
    with refused(code):
        story.does(c.RaiseHand(who, None))


def test_members_may_raise_when_only_members_may():
    story = Story().does(c.SetHandsPolicy(HOST, HandsPolicy.MEMBERS))
    story.join(BEN)
    story.does(c.RaiseHand(BEN, None))
    assert story.of(BEN).hand is not None


def test_raising_again_changes_the_question_and_keeps_the_place():
    story = Story()
    story.join(BEN)
    story.does(c.RaiseHand(BEN, "Why?"))
    raised_at = story.of(BEN).hand.raised_at
    story.waits(minutes=1).does(c.RaiseHand(BEN, " Why  not? "))
    assert (story.of(BEN).hand.raised_at, story.of(BEN).hand.question) == (raised_at, "Why not?")


def test_allowing_lowers_the_hand():
    story = Story()
    who = story.join(BEN)
    story.does(c.RaiseHand(BEN, None), c.Allow(HOST, who))
    assert story.of(BEN).hand is None


def test_changing_the_name_lowers_the_hand_because_it_would_tie_both_names_together():
    story = Story()
    story.join(BEN)
    story.does(c.RaiseHand(BEN, None))
    first = story.of(BEN).id
    second = story.join(BEN, channel("radio"))
    assert first != second
    assert story.of(BEN).hand is None


def test_a_question_is_one_short_line():
    story = Story()
    story.join(BEN)
    with refused(Code.TEXT_TOO_LONG):
        story.does(c.RaiseHand(BEN, "why " * 50))


def test_only_managers_read_the_question():
    story = Story()
    story.join(BEN)
    story.does(c.RaiseHand(BEN, "Why?"))
    for viewer in Viewer:
        (seen,) = participants_page(story.room, viewer, heard={}, now=story.now).items
        assert seen.hand.question == ("Why?" if viewer is Viewer.MANAGER else None)


def test_hands_wait_first_come_first_served_before_other_listeners():
    story = Story()
    for who in (BEN, CLEO, DAN):
        story.join(who)
    story.does(c.RaiseHand(CLEO, None), c.RaiseHand(BEN, None))
    page = participants_page(story.room, Viewer.MANAGER, heard={}, now=story.now)
    assert [p.persona.id for p in page.items] == [CLEO.account, BEN.account, DAN.account]
