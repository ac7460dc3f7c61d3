"""The whole way through a voice chat without a mouse: keys alone, and one can always see where they go."""

from tests.e2e.conftest import Arrival, Voices
from tests.e2e.people import Member
from tests.e2e.server import PASSWORD


def test_somebody_without_a_mouse_signs_up_hosts_a_voice_chat_and_leaves(
    arrive: Arrival, voices: Voices
) -> None:
    ann = arrive("Ann", microphone=voices.ann_wav, signs_up=False)
    bob = arrive("Bob")

    sign_up(ann)
    chat = create_channel(ann, "Evening talks", "evening")
    start_voice_chat(ann, "How bees vote")
    turn_microphone_on_and_off(ann)
    rename(ann, "How ants vote")
    bob.subscribe(chat)
    join_and_raise_hand(bob)
    allow_and_mute_again(ann, bob)
    leave(ann)
    bob.person.tab_to("leave-room")
    bob.person.press("Enter")
    bob.person.wait_until_gone("room")


def sign_up(member: Member) -> None:
    keys = member.person
    keys.goto(member.server.url)
    keys.wait_for("auth-form")
    keys.tab_to("auth-switch")
    keys.press("Enter")
    keys.wait_for("auth-form", mode="sign-up")
    for field, text in (("handle", member.handle), ("display-name", member.name), ("password", PASSWORD)):
        keys.tab_to(field)
        keys.type(text)
    keys.press("Enter")
    keys.wait_for("chat-list")


def create_channel(member: Member, title: str, handle: str) -> str:
    keys = member.person
    keys.tab_to("new-chat")
    keys.press("Enter")
    keys.wait_for("create-chat")
    keys.tab_to("new-chat-group")
    keys.press("ArrowRight")
    assert keys.has_keyboard("new-chat-channel")
    for field, text in (("chat-title", title), ("chat-handle", handle)):
        keys.tab_to(field)
        keys.type(text)
    keys.press("Enter")
    keys.wait_for("chat-page")
    return keys.attributes("chat-page", "data-chat")[0]


def start_voice_chat(member: Member, title: str) -> None:
    keys = member.person
    keys.tab_to("chat-profile-open")
    keys.press("Enter")
    keys.wait_for("start-voice-chat")
    keys.press("Escape")
    keys.wait_until_gone("start-voice-chat")
    assert keys.has_keyboard("chat-profile-open"), "a closed dialog gives the keyboard back"
    keys.press("Enter")
    keys.tab_to("start-voice-chat")
    keys.press("Enter")
    keys.wait_for("start-now")
    keys.tab_to("room-title")
    keys.type(title)
    keys.press("Enter")
    keys.wait_for("join-confirm")
    keys.tab_to("persona-option")
    keys.press("ArrowDown")
    keys.press("ArrowUp")
    keys.tab_to("join-confirm")
    keys.press("Enter")
    keys.wait_for("room", hearing="true")


def turn_microphone_on_and_off(member: Member) -> None:
    keys = member.person
    keys.tab_to("mic-button")
    keys.press("Space")
    keys.wait_for("mic-button", state="live")
    keys.press("m")
    keys.wait_for("mic-button", state="muted")


def rename(host: Member, title: str) -> None:
    keys = host.person
    keys.tab_to("room-menu")
    keys.press("Enter")
    keys.wait_for("edit-title")
    while not keys.has_keyboard("edit-title"):
        keys.press("ArrowDown")
    keys.press("Enter")
    keys.wait_for("edit-title-save")
    keys.tab_to("edit-title-input")
    keys.press("End")
    keys.type(f", or: {title}")
    keys.press("Enter")
    keys.wait_for_text("room-name", f"How bees vote, or: {title}")
    keys.wait_until_gone("edit-title-save")
    assert keys.has_keyboard("room-menu"), (
        "a dialog that came from a menu gives the keyboard to the menu's button"
    )


def join_and_raise_hand(member: Member) -> None:
    keys = member.person
    keys.tab_to("join-voice-chat")
    keys.press("Enter")
    keys.wait_for("room", hearing="true")
    keys.tab_to("raise-hand")
    keys.press("Space")
    keys.wait_for("hand-position")
    keys.tab_to("hand-ask")
    keys.press("Enter")
    keys.wait_for("hand-confirm")
    keys.press("Enter")  # on the cross, where a dialog begins
    keys.wait_until_gone("hand-confirm")
    assert keys.has_keyboard("hand-ask"), "a closed dialog gives the keyboard back"
    keys.press("Enter")
    keys.tab_to("hand-question")
    keys.type("Do they count?")
    keys.press("Enter")
    keys.wait_until_gone("hand-confirm")
    assert keys.has_keyboard("hand-ask"), "a dialog that has done its work gives the keyboard back"


def allow_and_mute_again(host: Member, other: Member) -> None:
    keys = host.person
    keys.wait_for("hand-row", participant=other.participant)
    keys.tab_to("hand-allow")
    keys.press("Enter")
    other.person.wait_for("mic-button", state="muted")
    keys.tab_to("participant-menu")
    keys.press("Enter")
    keys.wait_for("mute-participant")
    keys.press("Escape")
    keys.wait_until_gone("mute-participant")
    assert keys.has_keyboard("participant-menu"), "a closed menu gives the keyboard back"
    keys.press("Enter")
    keys.wait_for("remove-participant")
    keys.press("ArrowDown")
    assert keys.has_keyboard("remove-participant")
    keys.press("ArrowUp")
    assert keys.has_keyboard("mute-participant")
    keys.press("Enter")
    other.person.wait_for("mic-button", state="muted_by_manager")


def leave(host: Member) -> None:
    keys = host.person
    keys.tab_to("leave-room")
    keys.press("Enter")
    keys.wait_for("leave-only")
    keys.press("Escape")
    keys.wait_until_gone("leave-only")
    assert keys.has_keyboard("leave-room"), "a closed dialog gives the keyboard back"
    keys.press("Enter")
    keys.wait_for("leave-only")
    for key in ("Escape", "Enter"):  # as fast as a program can: what is opened again stays open
        keys.press(key)
    keys.tab_to("leave-only")
    keys.press("Enter")
    keys.wait_until_gone("room")
    keys.tab_to("join-voice-chat")
