"""A voice goes from one browser to the others, and only as far as the rules let it."""

from tests.e2e import speech
from tests.e2e.browsers import FRAME_S, eventually, listen_together
from tests.e2e.conftest import Arrival, Voices
from tests.e2e.people import Member
from tests.e2e.speech import Sound

CLEAR = 0.9  # STOI
QUICK_MS = 150
REST_S = (
    0.05  # of a voice's way, beside its packet and the jitter buffer: to take it up, to bring it, to play it
)
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

    for delay_ms in clearly_heard(ann, bob, carol):
        assert 0 < delay_ms <= QUICK_MS
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
    clearly_heard(carol, ann, bob)

    carol.person.evaluate("__probe.disobey()")
    ann.act_on(carol, "mute-participant")
    carol.person.wait_for("mic-button", state="muted_by_manager")
    assert_nothing_is_heard_of(carol, (ann, bob), voices.carol)


def clearly_heard(
    speaker: Member, *listeners: Member, packet_s: float = FRAME_S, soon_ms: float = QUICK_MS
) -> list[float]:
    """Ten seconds are clear to each of them, once the jitter buffers have found their size; the delays in ms."""
    people = [listener.person for listener in listeners]
    listen_together(people, 2)  # a browser may stumble while it begins to play
    for person in people:
        person.settle(soon_ms / 1000 - packet_s - REST_S)
    speaker.person.forget("sent")
    listen_together(people, 2)
    heard = listen_together(people, 10)
    sent = speaker.person.take("sent")
    for person, what in zip(people, heard, strict=True):
        assert speech.intelligibility_of(sent, what) >= CLEAR, person.name
    return [speech.one_way_delay_ms(sent, what) for what in heard]


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
