"""What SQLite is asked on the spot: never stale, never in the way of another process, never without tidying up."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from palabre.adapters.sql.at_hand import WRITES_IN_A_ROW, NotNow
from palabre.adapters.sql.database import Database
from palabre.adapters.sql.migrate import migrate
from palabre.bootstrap.stores import Stores
from palabre.domain.ids import RoomId
from palabre.rooms.ports import EventRecord, RoomHead
from tests.contract.given import kept_account, kept_chat

ROOM = RoomId("room_1")
SOMETHING = EventRecord("something", {"by": "ada"})


@pytest.fixture
async def database(tmp_path: Path) -> Database:
    opened = Database.open(None, tmp_path)
    await migrate(opened)
    return opened


@pytest.fixture
async def stores(database: Database) -> Stores:
    return Stores.over(database)


@pytest.fixture
async def head(stores: Stores) -> RoomHead:
    ada = await kept_account(stores, "ada")
    known = RoomHead(ROOM, await kept_chat(stores, ada, "radio"), live=True)
    await stores.rooms.append(known, 0, [SOMETHING], None)
    return known


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another process's connection."""
    path = tmp_path / "palabre.sqlite3"
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
        yield connection


@pytest.mark.usefixtures("head")
async def test_what_another_process_has_committed_is_seen_at_once(
    stores: Stores, elsewhere: sqlite3.Connection
) -> None:
    assert await stores.rooms.version(ROOM) == 1
    elsewhere.execute("UPDATE rooms SET version = 7")
    assert await stores.rooms.version(ROOM) == 7


async def test_while_another_process_writes_a_step_waits_and_the_loop_does_not(
    stores: Stores, head: RoomHead, elsewhere: sqlite3.Connection
) -> None:
    elsewhere.execute("BEGIN IMMEDIATE")
    loop = asyncio.get_running_loop()
    before = loop.time()
    appending = asyncio.create_task(stores.rooms.append(head, 1, [SOMETHING], None))
    for _ in range(20):
        assert await stores.rooms.version(ROOM) == 1
        await asyncio.sleep(0)
    assert not appending.done()
    assert loop.time() - before < 4  # a connection that waits would have held the loop up for five seconds
    elsewhere.execute("ROLLBACK")
    await appending
    assert await stores.rooms.version(ROOM) == 2


async def test_a_step_that_breaks_off_leaves_nothing_behind(database: Database, head: RoomHead) -> None:
    stores = Stores.over(database)
    broken = [SOMETHING, EventRecord("something", {"by": object()})]
    with pytest.raises(ValueError, match="serialize"):
        await stores.rooms.append(head, 1, broken, None)
    assert await stores.rooms.version(ROOM) == 1
    await stores.rooms.append(head, 1, [SOMETHING], None)
    assert await stores.rooms.version(ROOM) == 2


async def test_now_and_then_a_write_goes_where_the_log_is_tidied_up(
    database: Database, stores: Stores, head: RoomHead
) -> None:
    assert database.at_hand is not None
    for version in range(1, WRITES_IN_A_ROW + 1):
        await stores.rooms.append(head, version, [SOMETHING], None)
    with pytest.raises(NotNow), database.at_hand.transaction():
        pass
    await stores.rooms.append(head, WRITES_IN_A_ROW + 1, [SOMETHING], None)
    assert await stores.rooms.version(ROOM) == WRITES_IN_A_ROW + 2
