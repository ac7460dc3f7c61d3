"""The feed of a room, the live bar of its chat, and the chat's own topic."""

import pytest

from palabre.domain.room import commands as c
from palabre.domain.room.views import Viewer
from palabre.rooms import feed
from palabre.rooms.media_events import Door, SnapshotWanted, StartedSpeaking
from tests.fakes.chats import CHAT
from tests.unit.domain.fold import as_set, fold


async def snapshot(house, room, viewer=Viewer.LISTENER):
    topic = f"room:{room}"
    await house.reactions.handle(SnapshotWanted(topic, viewer))
    return house.media.snapshots[topic, viewer]


def changes(house, room, viewer=Viewer.LISTENER):
    return house.media.changes.get((f"room:{room}", viewer), [])


async def test_a_change_is_told_at_once_to_each_kind_of_viewer(house, host):
    room = await house.start(host)
    await house.rooms.rename(host, room, "Tides")
    for viewer in Viewer:
        assert changes(house, room, viewer) == [
            {"after": 1, "version": 2, "events": [{"type": "title_changed", "title": "Tides"}]}
        ]


async def test_counts_of_listeners_are_gathered_for_half_a_second(house, host):
    room = await house.start(host)
    for n in range(4):
        await house.join(house.chat.add(f"listener{n}"), room)
    assert [change["version"] for change in changes(house, room)] == [2]
    await house.passes(0.5)
    assert [(change["after"], change["version"]) for change in changes(house, room)] == [(1, 2), (2, 5)]
    assert changes(house, room)[-1]["events"] == [
        {"type": "counts_changed", "counts": {"in_room": 4, "speakers": 0, "hands": 0}}
    ]


async def test_a_snapshot_that_is_asked_for_does_not_hurry_counts(house, host):
    room = await house.start(host)
    await house.join(house.chat.add("listener"), room)
    seen = await snapshot(house, room)
    for n in range(4):
        await house.join(house.chat.add(f"listener{n}"), room)
        assert await snapshot(house, room) == seen
    assert len(changes(house, room)) == 1
    await house.passes(0.5)
    (last,) = changes(house, room)[1:]
    assert fold(seen, last) == await snapshot(house, room)


async def test_what_was_gathered_is_told_together_with_the_next_real_change(house, host):
    room = await house.start(host)
    for n in range(3):
        await house.join(house.chat.add(f"listener{n}"), room)
    await house.rooms.rename(host, room, "Tides")
    kinds = [event["type"] for event in changes(house, room)[-1]["events"]]
    assert kinds == ["title_changed", "counts_changed"]


async def test_a_clock_that_is_set_back_makes_nobody_wait_for_a_change(house, host):
    room = await house.start(host)
    await house.rooms.rename(host, room, "Tides")
    house.clock.advance(-3600)
    await house.rooms.rename(host, room, "Ebb")
    assert len(changes(house, room)) == 2


async def test_before_an_audience_a_wave_of_hands_is_gathered_and_the_end_is_not(house, host, monkeypatch):
    monkeypatch.setattr(feed, "AUDIENCE", 3)
    room = await house.start(host)
    crowd = [house.chat.add(f"listener{n}") for n in range(4)]
    for listener in crowd:
        await house.join(listener, room)
    await house.passes(1)  # tells the counts
    await house.passes(1)
    told = len(changes(house, room))
    for listener in crowd:
        await house.act(listener, room, c.RaiseHand, "Why?")
    assert len(changes(house, room)) == told + 1, "the first at once"
    await house.passes(0.2)
    (gathered,) = changes(house, room)[told + 1 :]
    assert gathered["events"][-1]["counts"]["hands"] == 4
    await house.rooms.rename(host, room, "Tides")
    await house.act(host, room, c.EndRoom)
    kinds = [event["type"] for event in changes(house, room)[-1]["events"]]
    assert {"title_changed", "room_ended"} <= set(kinds), "the end waits for nothing"


@pytest.mark.parametrize("viewer", Viewer)
async def test_old_snapshot_and_changes_make_the_fresh_snapshot_through_the_service(
    house, host, ben, cleo, viewer
):
    room = await house.start(host)
    seen = await snapshot(house, room, viewer)
    ben_id = (await house.join(ben, room)).participant.id
    await house.join(cleo, room)
    await house.act(ben, room, c.RaiseHand, "Why?")
    await house.act(host, room, c.Allow, ben_id)
    await house.opens(room, ben_id, Door.WHIP)
    await house.join(host, room, masked=True)
    for change in changes(house, room, viewer):
        seen = fold(seen, change)
    assert as_set(seen) == as_set(await snapshot(house, room, viewer))


async def test_a_snapshot_that_found_no_room_in_the_queue_comes_later(house, host):
    room = await house.start(host)
    house.media.busy = True
    await house.reactions.handle(SnapshotWanted(f"room:{room}", "listener"))
    house.media.busy = False
    await house.passes(1)
    assert house.media.snapshots[f"room:{room}", "listener"]["version"] == 1


async def test_topics_and_views_that_do_not_exist_are_not_answered(house, host):
    room = await house.start(host)
    for topic, view in [("room:nowhere", "listener"), (f"room:{room}", "owner"), ("chat:1", "listener")]:
        await house.reactions.handle(SnapshotWanted(topic, view))
    assert house.media.snapshots == {}


async def test_the_live_bar_shows_who_spoke_last(house, host, ben):
    room = await house.start(host)
    for account in (host, ben):
        entry = await house.join(account, room, masked=account == host)
        house.clock.advance(1)
        await house.reactions.handle(StartedSpeaking(room, entry.participant.id))
    bar = (await house.rooms.live_bars([CHAT]))[CHAT]
    assert (bar.in_room, bar.recent_speakers) == (2, ("Ben", "host-radio"))
    house.clock.advance(301)
    assert (await house.rooms.live_bars([CHAT]))[CHAT].recent_speakers == ()


async def test_a_chat_without_a_room_has_no_live_bar(house):
    assert await house.rooms.live_bars([CHAT]) == {}


async def test_whoever_has_the_chat_open_gets_hints(house, host):
    await house.reactions.handle(SnapshotWanted(f"chat:{CHAT}", "member"))
    assert house.media.snapshots[f"chat:{CHAT}", "member"] == {"version": 1}
    await house.start(host)
    house.topics.messages_changed(CHAT)
    told = house.media.changes[f"chat:{CHAT}", "member"]
    assert told == [
        {"after": 1, "version": 2, "events": [{"type": "room_changed"}]},
        {"after": 2, "version": 3, "events": [{"type": "messages_changed"}]},
    ]


async def test_a_chat_that_nobody_has_open_costs_nothing(house, host):
    house.topics.messages_changed(CHAT)
    assert house.media.calls == []


async def test_the_bar_is_hinted_at_when_people_come_but_not_more_often_than_every_five_seconds(house, host):
    await house.reactions.handle(SnapshotWanted(f"chat:{CHAT}", "member"))
    room = await house.start(host)
    for n in range(3):
        await house.join(house.chat.add(f"listener{n}"), room)
        await house.passes(1)
    told = house.media.changes[f"chat:{CHAT}", "member"]
    assert len(told) == 2
    await house.passes(5)
    assert len(told) == 3


async def test_the_bar_is_hinted_at_when_a_face_was_heard_too_long_ago(house, host):
    await house.reactions.handle(SnapshotWanted(f"chat:{CHAT}", "member"))
    room = await house.start(host)
    who = (await house.join(host, room)).participant.id
    await house.opens(room, who, Door.EVENTS)
    await house.reactions.handle(StartedSpeaking(room, who))
    await house.passes(6)
    told = len(house.media.changes[f"chat:{CHAT}", "member"])
    await house.passes(290)
    assert len(house.media.changes[f"chat:{CHAT}", "member"]) == told
    await house.passes(5)
    assert len(house.media.changes[f"chat:{CHAT}", "member"]) == told + 1
