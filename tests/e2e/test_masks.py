"""Nothing that reaches another client leads from a mask to the person behind it."""

from tests.e2e.conftest import Arrival, Voices
from tests.e2e.people import Member


def test_nothing_a_listener_receives_names_the_account_behind_a_channel(
    arrive: Arrival, voices: Voices
) -> None:
    ann = arrive("Annabelle Quartz", microphone=voices.ann_wav)
    bob = arrive("Bob")
    chat = ann.create_channel("Evening talks", "evening")
    ann.start_voice_chat("How bees vote", persona="channel")
    ann.open_microphone()

    bob.subscribe(chat)
    bob.join_voice_chat()
    bob.person.wait_for("participant", participant=ann.participant, speaking="true")
    bob.person.listen(3)
    mask = ann.participant
    act_behind_the_mask(ann)
    bob.person.wait_until_gone("live-bar")

    received = "\n".join(bob.person.traffic())
    assert mask in received, "the traffic of the room was not recorded"
    assert "m=audio" in received, "the answer SDP was not recorded"
    for trace in (ann.program().account["id"], ann.handle, ann.name, "Annabelle", "Quartz"):
        assert trace not in received


def act_behind_the_mask(ann: Member) -> None:
    """Everything a manager does that others are told of."""
    ann.person.click("mic-button")
    ann.person.wait_for("mic-button", state="muted")
    ann.person.click("room-menu")
    ann.person.click("mute-all")
    ann.person.click("leave-room")
    ann.person.click("end-room")
