"""A microphone that cannot be used is explained with the next step, and listening goes on."""

from pathlib import Path

import numpy as np

from tests.e2e import speech
from tests.e2e.browsers import eventually
from tests.e2e.conftest import Arrival, Voices
from tests.e2e.people import Member
from tests.e2e.sound_card import plugged_in

AUDIBLE = 0.01  # loudness; silence is below a fifth of it, the voices above twice it
WORDS = {
    "refused": "The browser does not let this page use the microphone. Allow it beside the address, then try again.",
    "missing": "No microphone was found. Plug one in, then try again.",
    "in_use": "Another program is using the microphone. Close that program, then try again.",
}
LISTENING = "You still hear everyone."

# No way was found to make PulseAudio refuse a second program, so this one answer is put into the browser's mouth.
IN_USE = """(() => {
  const { getUserMedia } = navigator.mediaDevices;
  navigator.mediaDevices.getUserMedia = async () => {
    navigator.mediaDevices.getUserMedia = getUserMedia;
    throw new DOMException("Could not start audio source", "NotReadableError");
  };
})()"""


def test_a_refused_microphone_is_explained_and_works_once_it_is_allowed(
    arrive: Arrival, voices: Voices, speakers: str, tmp_path: Path
) -> None:
    """Chromium's own permission, refused and then given; a Firefox that refuses every page."""
    ann = arrive("Ann", microphone=voices.ann_wav)
    bob = arrive("Bob", own_devices=True)
    carol = arrive("Carol", kind="firefox", refuses=True)
    gather(ann, bob, carol)

    with plugged_in(speakers, long_voice(voices, tmp_path)):
        bob.person.permit("microphone", "denied")
        for member in (bob, carol):
            member.person.click("mic-button")
            is_explained(member, "refused")

        bob.person.permit("microphone", "granted")
        bob.open_microphone()
        bob.person.wait_until_gone("mic-trouble")
        hears(ann)


def test_a_microphone_that_is_missing_or_in_use_is_explained_and_works_at_the_next_try(
    arrive: Arrival, voices: Voices, speakers: str, tmp_path: Path
) -> None:
    """Missing on a real (PulseAudio) sound card; "in use" is a DOMException that a script throws for the browser.

    Chromium alone: a Firefox takes the monitor of the sound card for a microphone, so that it never misses one.
    """
    ann = arrive("Ann", microphone=voices.ann_wav)
    bob = arrive("Bob", own_devices=True)
    gather(ann, bob)
    bob.person.permit("microphone", "granted")

    bob.person.click("mic-button")
    is_explained(bob, "missing")
    with plugged_in(speakers, long_voice(voices, tmp_path)):
        bob.person.evaluate(IN_USE)
        bob.person.click("mic-button")
        is_explained(bob, "in_use")

        bob.open_microphone()
        bob.person.wait_until_gone("mic-trouble")
        hears(ann)


def gather(ann: Member, *others: Member) -> None:
    """In a group, where everybody may speak; Ann does."""
    chat = ann.create_group("Evening talks", "evening")
    ann.start_voice_chat("How bees vote", persona=None)
    ann.open_microphone()
    for member in others:
        member.subscribe(chat)
        member.join_voice_chat()


def long_voice(voices: Voices, folder: Path) -> Path:
    """A minute of Carol's."""
    return speech.write_wav(folder / "carol.wav", np.tile(voices.carol, 8))


def is_explained(member: Member, trouble: str) -> None:
    member.person.wait_for_text("mic-trouble", f"{WORDS[trouble]} {LISTENING}")
    assert member.person.attributes("mic-trouble", "data-trouble") == [trouble]
    member.person.wait_for("mic-button", wanted="off", state="muted")
    assert member.person.attributes("status-line", "data-status") == ["connected"]
    hears(member)


def hears(listener: Member) -> None:
    eventually(
        lambda: speech.loudness(listener.person.listen(1).sound) > AUDIBLE,
        within_s=15,
        what=f"{listener.name} to hear somebody",
    )
