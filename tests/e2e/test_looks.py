"""What the client looks like, on a phone and on a desk, by day and by night, in both languages.

The pictures are kept in .cache/looks; `make images` writes the README's from the same test.
"""

from pathlib import Path

import pytest

from tests.e2e.browsers import Person
from tests.e2e.conftest import Arrival, Voices
from tests.e2e.people import Member

LOOKS = Path(".cache/looks").absolute()
PHONE, DESK = (360, 740), (1280, 800)
SCENES = [(size, scheme) for size in (PHONE, DESK) for scheme in ("light", "dark")]


@pytest.mark.parametrize("locale", ["en", "fr"])
def test_a_voice_chat_fits_a_phone_and_a_desk_by_day_and_by_night(
    arrive: Arrival, voices: Voices, locale: str, pytestconfig: pytest.Config
) -> None:
    ann = arrive("Ann Lindqvist", microphone=voices.ann_wav, locale=locale)
    bob = arrive("Bob Achterberg", locale=locale)
    assert ann.person.evaluate("document.documentElement.lang") == locale
    chat = ann.create_channel("Evening talks", "evening")
    ann.start_voice_chat("How bees vote", persona="account")
    ann.open_microphone()
    bob.subscribe(chat)
    photograph(bob.person, f"chat-{locale}")
    bob.join_voice_chat()
    bob.person.click("raise-hand")
    ann.person.wait_for("hand-row", participant=bob.participant)
    bob.person.wait_for("participant", participant=ann.participant, speaking="true")
    bob.person.wait_for("participant", participant=bob.participant)
    photograph(bob.person, f"listener-{locale}")
    photograph(ann.person, f"manager-{locale}")
    images = pytestconfig.getoption("--images", default=None)
    if images and locale == "en":
        readme_picture(ann, bob, Path(str(images)).absolute())


def photograph(person: Person, scene: str) -> None:
    for (width, height), scheme in SCENES:
        person.viewport(width, height, scheme=scheme)
        person.screenshot(LOOKS / f"{scene}-{width}-{scheme}.png")
        assert overflow(person) == 0, f"{scene} is wider than {width} px"
    person.viewport(*DESK)


def overflow(person: Person) -> int:
    """How many pixels one would have to scroll sideways."""
    return int(person.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def readme_picture(ann: Member, bob: Member, folder: Path) -> None:
    """Two people on the stage, one of them speaking, as the README says."""
    ann.allow(bob)
    ann.person.viewport(1100, 700)
    ann.person.wait_for("participant", participant=ann.participant, speaking="true")
    ann.person.screenshot(folder / "room.png")
