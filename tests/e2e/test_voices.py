"""A voice goes from one browser to the others, and only as far as the rules let it."""

from tests.e2e import speech
from tests.e2e.browsers import FRAME_S, eventually
from tests.e2e.conftest import Arrival, Voices
from tests.e2e.people import Member
from tests.e2e.speech import Sound

CLEAR = 0.9  # STOI
QUICK_MS = 150
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

        assert 0 < clearly_heard(listener, speaker=ann) <= QUICK_MS
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
    for listener in (ann, bob):
        clearly_heard(listener, speaker=carol)

    carol.person.evaluate("__probe.disobey()")
    ann.act_on(carol, "mute-participant")
    carol.person.wait_for("mic-button", state="muted_by_manager")
    assert_nothing_is_heard_of(carol, (ann, bob), voices.carol)


def clearly_heard(listener: Member, speaker: Member, packet_s: float = FRAME_S) -> float:
    """Ten seconds are clear, once the jitter buffer has found its size for such packets; the delay in ms."""
    listener.person.listen(2)  # a browser may stumble while it begins to play
    listener.person.settle(packet_s)
    speaker.person.forget("sent")
    listener.person.listen(2)
    heard = listener.person.listen(10)
    sent = speaker.person.take("sent")
    assert speech.intelligibility_of(sent, heard) >= CLEAR, listener.name
    return speech.one_way_delay_ms(sent, heard)


def assert_nothing_is_heard_of(speaker: Member, listeners: tuple[Member, ...], voice: Sound) -> None:
    before = speaker.person.evaluate("__probe.packetsSent()")
    for listener in listeners:
        listener.person.listen(1)  # jitter buffers play out what had arrived
        assert speech.loudness(listener.person.listen(6).sound) < SILENCE
    eventually(
        lambda: speaker.person.evaluate("__probe.packetsSent()") > before + 100,
        within_s=10,
        what="the muted client to go on sending all the same",
    )
    assert speech.loudness(voice) > 10 * SILENCE
