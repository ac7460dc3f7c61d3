"""axe-core finds nothing against WCAG 2.1 A and AA on any screen, on a phone by night and on a desk by day."""

from tests.e2e.browsers import Person
from tests.e2e.conftest import Arrival, Voices

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
PHONE, DESK = (360, 740), (1280, 800)
SCENES = ((PHONE, "dark"), (DESK, "light"))


def test_every_screen_outside_a_voice_chat_is_accessible(arrive: Arrival) -> None:
    ann = arrive("Ann Lindqvist", signs_up=False)
    page, found = ann.person, Findings()
    page.goto(ann.server.url)
    page.wait_for("auth-form")
    found.look(page, "sign in")
    page.fill("handle", "nobody")
    page.fill("password", "not the right one")
    page.click("auth-submit")
    page.wait_for("problem")
    found.look(page, "sign in refused")
    ann.sign_up()
    found.look(page, "chats")
    page.click("settings-open")
    page.wait_for("settings-save")
    found.look(page, "settings")
    page.press("Escape")
    page.click("new-chat")
    page.wait_for("create-chat")
    found.look(page, "new chat")
    page.press("Escape")
    ann.create_group("Evening talks", "evening")
    page.fill("message-input", "Who brings the honey?")
    page.click("message-send")
    page.wait_for("message", kind="text")
    found.look(page, "chat")
    page.click("chat-profile-open")
    page.wait_for("start-voice-chat")
    found.look(page, "profile")
    page.click("start-voice-chat")
    page.wait_for("start-now")
    found.look(page, "start")
    page.press("Escape")
    page.click("chat-menu")
    page.wait_for("menu-profile")
    found.look(page, "chat menu")
    found.report()


def test_every_screen_of_a_voice_chat_is_accessible(arrive: Arrival, voices: Voices) -> None:
    found = Findings()
    ann = arrive("Ann Lindqvist", microphone=voices.ann_wav)
    bob = arrive("Bob Achterberg")
    chat = ann.create_channel("Evening talks", "evening")
    ann.start_voice_chat("How bees vote", persona="account")
    ann.open_microphone()
    bob.subscribe(chat)
    found.look(bob.person, "chat with a voice chat")
    bob.join_voice_chat()
    found.look(bob.person, "listener")
    bob.person.click("raise-hand")
    bob.person.click("hand-ask")
    bob.person.wait_for("hand-confirm")
    found.look(bob.person, "question")
    bob.person.press("Escape")
    bob.person.wait_for("participant", participant=ann.participant, speaking="true")
    found.look(bob.person, "listener with a hand up")
    ann.person.wait_for("hand-row")
    found.look(ann.person, "manager")
    ann.person.click("room-menu")
    ann.person.wait_for("mute-all")
    found.look(ann.person, "room menu")
    ann.person.click("record-start")
    ann.person.wait_for("record-confirm")
    found.look(ann.person, "record")
    ann.person.click("record-confirm")
    bob.person.wait_for("recording-mark")
    found.look(bob.person, "recorded")
    ann.person.click("leave-room")
    ann.person.wait_for("leave-only")
    found.look(ann.person, "leave")
    ann.person.click("end-room")
    bob.person.wait_for("room-over")
    found.look(bob.person, "over")
    found.report()


class Findings:
    """Everything found on the way, said at the end: one run shows all there is to mend."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def look(self, page: Person, screen: str) -> None:
        for (width, height), scheme in SCENES:
            page.viewport(width, height, scheme=scheme)
            self._found += [f"{screen}, {width} px, {scheme}: {line}" for line in page.violations(*RULES)]
        page.viewport(*DESK)

    def report(self) -> None:
        assert not self._found, "\n".join(sorted(set(self._found)))
