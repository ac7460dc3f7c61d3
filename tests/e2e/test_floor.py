"""A room that becomes big: its listeners get the mix in packs, and hear no difference."""

from dataclasses import dataclass

import pytest

from tests.e2e import speech
from tests.e2e.browsers import FRAME_S, Person, eventually, listen_together
from tests.e2e.conftest import Arrival, Voices
from tests.e2e.hearing import TRIES, assert_clear_and_soon, calm_s
from tests.e2e.people import Member, talk

MIX = 3
"""The line of the mix, after the three slots."""
SOON_MS = 400
A_STUMBLE = 4800
"""Samples: more than this in three tries is no stumble of a small machine."""

LINES = """(async () => {
  const lines = [];
  for (const pc of __probe.connections) {
    if (pc.connectionState !== "connected") continue;
    for (const report of (await pc.getStats()).values()) {
      if (report.type !== "inbound-rtp") continue;
      const { packetsReceived: packets, packetsLost: lost, concealedSamples, silentConcealedSamples } = report;
      lines.push({ line: Number(report.mid), packets, lost, concealed: concealedSamples - silentConcealedSamples });
    }
  }
  return lines;
})()"""


@pytest.fixture
def settings(frames: int) -> dict[str, str]:
    """Packed with three listeners: Ann hears herself speak of nobody, but she counts."""
    return {"FLOOR_ABOVE": "2", "FLOOR_FRAMES": str(frames)}


@dataclass(frozen=True)
class Line:
    """What has come on one line so far."""

    packets: int = 0
    lost: int = 0
    """That never came."""
    concealed: int = 0
    """Samples the browser made up, other than silence."""


def lines(person: Person) -> dict[int, Line]:
    found = person.evaluate(LINES)
    return {one["line"]: Line(one["packets"], one["lost"], one["concealed"]) for one in found}


def line(person: Person, number: int) -> Line:
    return lines(person).get(number, Line())


@pytest.mark.parametrize("frames", [3, 5, 6])
def test_a_room_that_becomes_big_is_heard_on_in_packs_in_chromium_and_in_firefox(
    arrive: Arrival, voices: Voices, frames: int
) -> None:
    ann = arrive("Ann", microphone=voices.ann_wav)
    chat = ann.create_channel("Evening talks", "evening")
    ann.start_voice_chat("How bees vote")
    ann.open_microphone()
    bob = arrive("Bob")
    bob.subscribe(chat)
    bob.join_voice_chat()
    assert_clear_and_soon(ann.person, [bob.person])
    assert line(bob.person, MIX).packets == 0
    sessions = bob.person.evaluate("__probe.connections.length")

    carol = arrive("Carol", kind="firefox")
    carol.subscribe(chat)
    bob.person.forget("received")
    carol.join_voice_chat()
    eventually(
        lambda: line(bob.person, MIX).packets > 20, within_s=15, what="Bob to be moved to the mix in mid-talk"
    )

    assert longest_silence_s(bob.person) < LONGEST_PAUSE_S
    assert_heard_in_packs([bob.person, carol.person], frames)
    for listener in (bob, carol):
        listener.person.wait_for("participant", participant=ann.participant, speaking="true")
    assert_clear_and_soon(ann.person, [bob.person, carol.person], frames * FRAME_S, SOON_MS)
    assert bob.person.evaluate("__probe.connections.length") == sessions, "no new session"


@pytest.mark.parametrize("frames", [5])
def test_a_second_voice_joins_in_and_nothing_is_made_up_for_who_hears_packs(
    arrive: Arrival, voices: Voices, frames: int
) -> None:
    ann, bob = arrive("Ann", microphone=voices.ann_wav), arrive("Bob")
    carol = arrive("Carol", microphone=voices.carol_wav)
    talk(ann, bob, carol, arrive("Dora", kind="firefox"))
    carol.person.click("raise-hand")
    ann.allow(carol)
    bob.person.settle(calm_s(frames * FRAME_S, SOON_MS))

    made_up = [while_both_talk(bob, ann, carol) for _ in range(3)]

    assert 0 in made_up, "a small machine may stumble, but not each time"
    assert sum(made_up) < A_STUMBLE, made_up


def while_both_talk(listener: Member, first: Member, second: Member) -> int:
    """Samples that are made up for the listener from before the second one joins in until after it has stopped."""
    before = line(listener.person, MIX).concealed
    second.open_microphone()
    for speaker in (first, second):
        listener.person.wait_for("participant", participant=speaker.participant, speaking="true")
    listener.person.listen(5)
    second.close_microphone()
    listener.person.listen(3)
    return line(listener.person, MIX).concealed - before


LONGEST_PAUSE_S = 0.8
"""The voice itself pauses for up to half a second between two sentences."""


def longest_silence_s(person: Person) -> float:
    """The longest time without sound in what has been heard since the last `forget`."""
    heard = person.take().sound
    pieces = [speech.loudness(heard[at : at + 960]) for at in range(0, len(heard) - 960, 960)]
    longest = now = 0
    for piece in pieces:
        now = now + 1 if piece < 0.001 else 0
        longest = max(longest, now)
    return longest * 0.02


def assert_heard_in_packs(people: list[Person], frames: int) -> None:
    """Nothing is made up for any of them, in one of the tries at least."""
    made_up: dict[str, list[int]] = {person.name: [] for person in people}
    listen_together(people, 3)
    for _ in range(TRIES):
        before = [lines(person) for person in people]
        listen_together(people, 6)
        for person, earlier in zip(people, before, strict=True):
            made_up[person.name].append(made_up_since(earlier, lines(person), frames))
        people = [person for person in people if made_up[person.name][-1] > 0]
        if not people:
            break
    assert not people, f"samples made up: {made_up}"
    assert all(sum(tries) < A_STUMBLE for tries in made_up.values()), f"samples made up: {made_up}"


def made_up_since(before: dict[int, Line], after: dict[int, Line], frames: int) -> int:
    """In six seconds of the mix, in which few packets come, and none in the slots."""
    packets = {at: after[at].packets - before.get(at, Line()).packets for at in after}
    assert sum(packets[at] for at in packets if at != MIX) == 0
    assert 6 * 50 / frames * 0.5 < packets[MIX] < 6 * 50 / frames * 1.5
    return after[MIX].concealed - before[MIX].concealed
