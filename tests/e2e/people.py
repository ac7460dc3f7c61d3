"""What people do with the web client, step by step, through the promises of web/TESTIDS.md."""

from dataclasses import dataclass

from tests.e2e.browsers import Person
from tests.e2e.server import PASSWORD, Program, Server


@dataclass
class Member:
    """Somebody with an account, in front of the web client."""

    person: Person
    server: Server
    handle: str
    name: str

    def sign_up(self) -> None:
        self.person.goto(self.server.url)
        self.person.wait_for("auth-form")
        if self.person.attributes("auth-form", "data-mode") != ["sign-up"]:
            self.person.click("auth-switch")
            self.person.wait_for("auth-form", mode="sign-up")
        self.person.fill("handle", self.handle)
        self.person.fill("display-name", self.name)
        self.person.fill("password", PASSWORD)
        self.person.click("auth-submit")
        self.person.wait_for("chat-list")

    def program(self) -> Program:
        return Program(self.server.url, self.handle, PASSWORD)

    def create_channel(self, title: str, handle: str) -> str:
        """A public channel; its id."""
        return self._create_chat("channel", title, handle)

    def create_group(self, title: str, handle: str) -> str:
        """A public group, in which everybody may speak; its id."""
        return self._create_chat("group", title, handle)

    def _create_chat(self, kind: str, title: str, handle: str) -> str:
        self.person.click("new-chat")
        self.person.click(f"new-chat-{kind}")
        self.person.fill("chat-title", title)
        self.person.fill("chat-handle", handle)
        self.person.click("chat-public")
        self.person.click("create-chat")
        self.person.wait_for("chat-page")
        return self.person.attributes("chat-page", "data-chat")[0]

    def start_voice_chat(self, title: str, *, persona: str | None = "account") -> None:
        self.person.click("chat-profile-open")
        self.person.click("start-voice-chat")
        self.person.fill("room-title", title)
        self.person.click("start-now")
        self._choose(persona)

    def subscribe(self, chat: str) -> None:
        self.person.goto(f"{self.server.url}/chats/{chat}")
        self.person.click("join-chat")
        self.person.wait_until_gone("join-chat")

    def join_voice_chat(self, *, persona: str | None = None) -> None:
        self.person.click("join-voice-chat")
        self._choose(persona)

    def _choose(self, persona: str | None) -> None:
        """The dialog comes only to those who have more than one persona."""
        if persona is not None:
            self.person.click("persona-option", kind=persona)
            self.person.click("join-confirm")
        self.person.wait_for("room", hearing="true")

    def open_microphone(self) -> None:
        self.person.click("mic-button")
        self.person.wait_for("mic-button", state="live")

    def close_microphone(self) -> None:
        self.person.click("mic-button")
        self.person.wait_for("mic-button", state="muted")

    def allow(self, other: "Member") -> None:
        """A manager lets a raised hand take the floor."""
        self.person.wait_for("hand-row", participant=other.participant)
        row = f'[data-testid="hand-row"][data-participant="{other.participant}"]'
        self.person.click_in(row, "hand-allow")
        other.person.wait_for("mic-button", state="muted")

    @property
    def participant(self) -> str:
        return self.person.attributes("room", "data-me")[0]

    @property
    def room(self) -> str:
        return self.person.attributes("room", "data-room")[0]

    def act_on(self, other: "Member", action: str) -> None:
        """A manager's action in the other's row: mute-participant, allow-participant, remove-participant."""
        row = f'[data-testid="participant"][data-participant="{other.participant}"]'
        self.person.click_in(row, "participant-menu")
        self.person.click(action)

    def leave(self) -> None:
        self.person.click("leave-room")


def talk(speaker: Member, *listeners: Member) -> None:
    """The speaker opens a voice chat of a channel and talks; the listeners, who may not, come to hear it."""
    chat = speaker.create_channel("Evening talks", "evening")
    speaker.start_voice_chat("How bees vote")
    speaker.open_microphone()
    for listener in listeners:
        listener.subscribe(chat)
        listener.join_voice_chat()
