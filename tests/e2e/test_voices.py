"""A voice goes from one browser to the others, and only as far as the rules let it."""

from tests.e2e import speech
from tests.e2e.browsers import eventually, listen_together
from tests.e2e.conftest import Arrival, Voices
from tests.e2e.hearing import assert_clear_and_soon
from tests.e2e.people import Member
from tests.e2e.speech import Sound

SILENCE = 0.002  # loudness; comfort noise is far below it, the quietest of the voices far above


def test_what_ann_says_is_heard_clearly_and_soon_in_chromium_and_in_firefox(
    arrive: Arrival, voices: Voices
) -> None:
    ann = arrive("Ann", microphone=voices.ann_wav)
    chat = ann.create_channel("Evening talks", "evening")
    ann.start_voice_chat("How bees vote")
    ann.open_microphone()
    bob, carol = arrive("Bob"), arrive("Carol", kind="firefox")
    for listener in (bob, carol):
        listener.subscribe(chat)
        listener.join_voice_chat()

    assert_clear_and_soon(ann.person, [bob.person, carol.person])
    bob.person.wait_for("participant", participant=ann.participant, speaking="true")


def test_a_listener_is_heard_once_her_hand_is_allowed_and_no_more_once_she_is_muted(
    arrive: Arrival, voices: Voices
) -> None:
    ann, bob = arrive("Ann"), arrive("Bob")
    carol = arrive("Carol", kind="firefox", speech=voices.carol)
    chat = ann.create_channel("Evening talks", "evening")
    ann.start_voice_chat("How bees vote")
    for listener in (bob, carol):
        listener.subscribe(chat)
        listener.join_voice_chat()
    carol.person.wait_for("mic-button", state="muted_by_manager")

    carol.person.click("raise-hand")
    ann.allow(carol)
    carol.open_microphone()
    assert_clear_and_soon(carol.person, [ann.person, bob.person])

    carol.person.evaluate("__probe.disobey()")
    ann.act_on(carol, "mute-participant")
    carol.person.wait_for("mic-button", state="muted_by_manager")
    assert_nothing_is_heard_of(carol, (ann, bob), voices.carol)


def assert_nothing_is_heard_of(speaker: Member, listeners: tuple[Member, ...], voice: Sound) -> None:
    before = speaker.person.evaluate("__probe.packetsSent()")
    people = [listener.person for listener in listeners]
    listen_together(people, 1)  # jitter buffers play out what had arrived
    for heard in listen_together(people, 6):
        assert speech.loudness(heard.sound) < SILENCE
    eventually(
        lambda: speaker.person.evaluate("__probe.packetsSent()") > before + 100,
        within_s=10,
        what="the muted client to go on sending all the same",
    )
    assert speech.loudness(voice) > 10 * SILENCE
