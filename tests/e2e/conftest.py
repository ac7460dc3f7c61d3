"""Fixtures of the tests that go from one browser to another."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.browsers import Driver
from tests.e2e.sound_card import sound_card


@pytest.fixture(scope="session")
def speakers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with sound_card(tmp_path_factory.mktemp("sound")) as address:
        yield address


@pytest.fixture
def driver(tmp_path: Path, speakers: str) -> Iterator[Driver]:
    with Driver(tmp_path / "driver.log", sound_card=speakers) as driver:
        yield driver
