from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from palabre.adapters.sql.database import Database
from palabre.adapters.sql.migrate import migrate
from palabre.bootstrap.stores import Stores
from tests.contract.postgres import NoPostgres, server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    try:
        with server() as url:
            yield url
    except NoPostgres as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture(params=["sqlite", "postgres"])
async def untouched(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database of each kind, without any table."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres")
    opened = Database.open(url, tmp_path)
    if url is not None:
        async with opened.write() as connection:
            await connection.execute(text("DROP SCHEMA public CASCADE"))
            await connection.execute(text("CREATE SCHEMA public"))
    yield opened
    await opened.close()


@pytest.fixture
async def database(untouched: Database) -> Database:
    """An empty, migrated database of each kind."""
    await migrate(untouched)
    return untouched


@pytest.fixture
def stores(database: Database) -> Stores:
    return Stores.over(database)
