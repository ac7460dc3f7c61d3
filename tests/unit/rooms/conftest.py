"""A house with a host and two listeners."""

from pathlib import Path

import pytest

from palabre.domain.ids import AccountId
from tests.fakes.house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def host(house: House) -> AccountId:
    return house.chat.add("host", manager=True)


@pytest.fixture
def ben(house: House) -> AccountId:
    return house.chat.add("ben")


@pytest.fixture
def cleo(house: House) -> AccountId:
    return house.chat.add("cleo", member=False)
