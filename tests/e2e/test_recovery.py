"""A client comes back by itself, without a reload, from what a network does to it, and says so meanwhile."""

from tests.e2e import speech
from tests.e2e.browsers import eventually
from tests.e2e.conftest import Arrival, Voices
from tests.e2e.network import Network
from tests.e2e.people import Member

AUDIBLE = 0.01  # loudness; silence is below a fifth of it, the voices above twice it


def test_a_lost_event_stream_is_said_and_made_up_for_and_the_sound_goes_on_meanwhile(
    arrive: Arrival, voices: Voices, network: Network
) -> None:
    ann, bob, carol = three(arrive, voices)

    network.refuse_streams()
    for member in (ann, bob, carol):
        says(member, "events_lost", "Lost touch with the room. Trying again…")
    ann.program().patch(f"/rooms/{ann.room}", {"title": "How ants vote"})
    bob.person.click("raise-hand")
    hears_on(bob)
    assert bob.person.attributes("status-line", "data-status") == ["events_lost"]
    network.mend()

    for member in (ann, bob, carol):
        is_well_again(member)
        member.person.wait_for_text("room-name", "How ants vote")
    bob.person.wait_for("hand-position", position="1")
    ann.person.wait_for("hand-row", participant=bob.participant)


def test_a_lost_media_path_is_said_and_restored_for_who_listens_and_for_who_speaks(
    arrive: Arrival, voices: Voices, network: Network
) -> None:
    ann, bob, carol = three(arrive, voices)

    network.silence_media()
    for member in (ann, bob, carol):
        says(member, "sound_lost", "The sound was interrupted. Restoring it…")
    network.mend()

    for member in (ann, bob, carol):
        is_well_again(member)
    for listener in (bob, carol):
        hears_on(listener)

    network.cut_voices()
    says(ann, "voice_lost", "Your voice was interrupted. Restoring it…")
    is_well_again(ann)
    for listener in (bob, carol):
        hears_on(listener)
    assert ann.person.attributes("mic-button", "data-state") == ["live"]


def test_connections_that_fall_silent_without_a_word_are_noticed_and_replaced(
    arrive: Arrival, voices: Voices, network: Network
) -> None:
    """As in a tunnel: nothing is refused, nothing arrives. The stream's silence is noticed after 35 s."""
    ann, bob, carol = three(arrive, voices)

    network.silence_streams()
    ann.program().patch(f"/rooms/{ann.room}", {"title": "How ants vote"})
    for member in (ann, bob, carol):
        says(member, "events_lost", "Lost touch with the room. Trying again…")
    network.silence_media()
    for member in (ann, bob, carol):
        says(member, "sound_lost", "The sound was interrupted. Restoring it…")
    network.mend()

    for member in (ann, bob, carol):
        is_well_again(member)
        member.person.wait_for_text("room-name", "How ants vote")
    for listener in (bob, carol):
        hears_on(listener)


def three(arrive: Arrival, voices: Voices) -> tuple[Member, Member, Member]:
    """Ann speaks, Bob and Carol hear her: two browsers of one kind and one of the other."""
    ann, bob = arrive("Ann", microphone=voices.ann_wav), arrive("Bob")
    carol = arrive("Carol", kind="firefox")
    gather(ann, bob, carol)
    for listener in (bob, carol):
        hears_on(listener)
    return ann, bob, carol


def gather(ann: Member, *listeners: Member) -> None:
    chat = ann.create_channel("Evening talks", "evening")
    ann.start_voice_chat("How bees vote")
    ann.open_microphone()
    for listener in listeners:
        listener.subscribe(chat)
        listener.join_voice_chat()
    for member in (ann, *listeners):
        member.person.evaluate("void (globalThis.notReloaded = true)")


def says(member: Member, status: str, words: str) -> None:
    member.person.wait_for_text("status-line", words, status=status, timeout_s=45)


def is_well_again(member: Member) -> None:
    member.person.wait_for("status-line", status="connected", timeout_s=45)
    assert member.person.evaluate("globalThis.notReloaded === true"), (
        f"the page of {member.name} was reloaded"
    )


def hears_on(listener: Member) -> None:
    """Packets arrive, and a voice is in them."""
    before = listener.person.evaluate("__probe.packetsReceived()")
    eventually(
        lambda: speech.loudness(listener.person.listen(2).sound) > AUDIBLE,
        within_s=15,
        what=f"{listener.name} to hear somebody",
    )
    assert listener.person.evaluate("__probe.packetsReceived()") > before
