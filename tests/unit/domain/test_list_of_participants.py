"""The list of participants: its order, its pages, its search."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palabre.domain.refusal import Code
from palabre.domain.room import commands as c
from palabre.domain.room.page import participants_page
from palabre.domain.room.views import Viewer
from tests.unit.domain.stories import Story, channel, manager, member
from tests.unit.domain.test_who_may_speak import refused

HOST = manager("host")


def crowd(size: int) -> Story:
    story = Story()
    for n in range(size):
        story.join(member(f"p{n}"))
    return story


def names(page) -> list[str]:
    return [p.persona.name.removeprefix("acc_") for p in page.items]


def test_whoever_was_heard_lately_comes_first_then_who_came_last():
    story = crowd(4)
    heard = {story.of(member("p0")).id: story.now, story.of(member("p1")).id: story.now}
    heard[story.of(member("p2")).id] = story.now
    story.waits(seconds=301)
    heard[story.of(member("p0")).id] = story.now
    page = participants_page(story.room, Viewer.LISTENER, heard=heard, now=story.now)
    assert names(page) == ["p0", "p3", "p2", "p1"]


def test_hands_do_not_move_up_for_those_who_cannot_act_on_them():
    story = crowd(3).does(c.RaiseHand(member("p0"), None))
    assert names(participants_page(story.room, Viewer.MANAGER, heard={}, now=story.now))[0] == "p0"
    assert names(participants_page(story.room, Viewer.LISTENER, heard={}, now=story.now))[-1] == "p0"


@given(size=st.integers(0, 12), page_size=st.integers(1, 5))
def test_pages_show_everybody_once_and_always_the_counts(size, page_size):
    story = crowd(size)
    cursor, seen = None, []
    while True:
        page = participants_page(
            story.room, Viewer.LISTENER, heard={}, now=story.now, cursor=cursor, size=page_size
        )
        assert page.counts.in_room == size
        seen += names(page)
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"p{n}" for n in reversed(range(size))]


def test_the_search_finds_names_and_handles_of_personas_only():
    story = crowd(2)
    story.join(member("secret"), channel("Radio Sea"))

    def found(query):
        page = participants_page(story.room, Viewer.MANAGER, heard={}, now=story.now, query=query)
        return names(page)

    assert found(" @RADIO ") == ["Radio Sea"]
    assert found("p1") == ["p1"]
    assert found("secret") == []


@given(cursor=st.text(max_size=40))
def test_a_cursor_of_others_is_refused(cursor):
    with refused(Code.BAD_CURSOR):
        participants_page(crowd(1).room, Viewer.LISTENER, heard={}, now=crowd(1).now, cursor=cursor)


@pytest.mark.parametrize("words", ["[1,2]", '{"a":1}', "[NaN,1,1,1]", "[[],1,1]", "[" * 5000])
def test_a_cursor_that_is_json_but_not_ours_is_refused(words):
    cursor = base64.urlsafe_b64encode(words.encode()).decode()
    with refused(Code.BAD_CURSOR):
        participants_page(crowd(1).room, Viewer.LISTENER, heard={}, now=crowd(1).now, cursor=cursor)
