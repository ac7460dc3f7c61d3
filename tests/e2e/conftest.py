"""Fixtures of the tests that go from one browser to another."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import speech
from tests.e2e.browsers import Driver, Kind, Person
from tests.e2e.network import Network
from tests.e2e.people import Member
from tests.e2e.server import Server, free_ports
from tests.e2e.sound_card import sound_card
from tests.e2e.speech import Sound


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--images", help="folder for the pictures of the documentation, which are kept in git")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browsers start slowly on a small machine: these tests have five minutes."""
    for item in items:
        if "tests/e2e" in str(item.path):
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def speakers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with sound_card(tmp_path_factory.mktemp("sound")) as address:
        yield address


@pytest.fixture
def driver(tmp_path: Path, speakers: str) -> Iterator[Driver]:
    with Driver(tmp_path / "driver.log", sound_card=speakers) as driver:
        yield driver


@pytest.fixture
def settings() -> dict[str, str]:
    """A module of tests may give the server others."""
    return {}


@pytest.fixture
def network() -> Iterator[Network]:
    """A network that can be made worse. The server of a test that asks for it is behind it."""
    with Network(free_ports()) as network:
        yield network


@pytest.fixture
def server(tmp_path: Path, settings: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Server]:
    if "network" in request.fixturenames:
        network = request.getfixturevalue("network")
        server = Server(tmp_path, ports=network.ports, settings=settings | network.settings)
    else:
        server = Server(tmp_path, settings=settings)
    server.start()
    yield server
    server.stop()


@dataclass(frozen=True)
class Voices:
    """Two people's microphones: speech that tells them apart."""

    ann: Sound
    carol: Sound
    ann_wav: Path
    carol_wav: Path


@pytest.fixture(scope="session")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Voices:
    folder = tmp_path_factory.mktemp("voices")
    ann, carol = speech.script(speech.ANN), speech.script(speech.CAROL)
    return Voices(
        ann,
        carol,
        speech.write_wav(folder / "ann.wav", ann),
        speech.write_wav(folder / "carol.wav", carol),
    )


Arrival = Callable[..., Member]


@pytest.fixture
def arrive(driver: Driver, server: Server, request: pytest.FixtureRequest) -> Iterator[Arrival]:
    """Somebody opens a browser and, as a rule, signs up. When the test fails, what their pages look like is kept."""
    here: list[Member] = []

    def arrive(
        name: str,
        *,
        kind: Kind = "chromium",
        microphone: Path | None = None,
        speech: Sound | None = None,
        signs_up: bool = True,
        **options: object,
    ) -> Member:
        handle = name.split()[0].lower()
        person = Person(driver, handle, kind, microphone, speech, options)
        member = Member(person, server, handle, name)
        here.append(member)
        if signs_up:
            member.sign_up()
        return member

    yield arrive
    if request.node.stash.get(FAILED, False):
        keep_evidence(here, request.node.name)


FAILED = pytest.StashKey[bool]()
EVIDENCE = Path(".cache/e2e")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


def keep_evidence(here: list[Member], test: str) -> None:
    folder = EVIDENCE / test
    for member in here:
        member.person.screenshot((folder / f"{member.handle}.png").absolute())
        (folder / f"{member.handle}.log").write_text("\n".join(member.person.log()))
        if member.person.kind == "chromium":
            (folder / f"{member.handle}.traffic").write_text("\n".join(member.person.traffic()))
    if here:
        (folder / "server.log").write_bytes(here[0].server.log.read_bytes())
