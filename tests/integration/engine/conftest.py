"""A house over in-memory stores with the real engine, its pump running."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from palabre._engine import Engine, summarise_recording
from palabre.adapters.system import SystemClock
from palabre.media.engine import EngineMedia
from palabre.media.pump import EnginePump
from tests.fakes.house import TICKET_KEY, House


@pytest.fixture
def engine():
    engine = Engine(
        edge_bind="127.0.0.1:0",
        media_bind="127.0.0.1:0",
        media_addresses=["127.0.0.1"],
        ticket_key=TICKET_KEY,
    )
    yield engine
    engine.shutdown()


@pytest.fixture
async def house(engine, tmp_path) -> AsyncIterator[House]:
    house = House(tmp_path)
    # The edge looks at the machine's clock when it checks a ticket.
    house.clock = SystemClock()
    house.summaries = lambda path: summarise_recording(str(path))
    house.boot(EngineMedia(engine))
    async with pumping(engine, house):
        yield house


@asynccontextmanager
async def pumping(engine: Engine, house: House) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        pump = tasks.create_task(EnginePump(engine, house.reactions, house.delivery).run())
        yield
        pump.cancel()
