"""One database: SQLite in a file by default, PostgreSQL when a URL says so."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Insert, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from palabre.adapters.sql.at_hand import AtHand, NotNow, Writing
from palabre.adapters.sql.written import written_json

BUSY_TIMEOUT_MS = 10_000
"""How long SQLite waits for another process's write (a backup, a migration) before it gives up."""
PAGE_CACHE_KIB = 128
"""Of each connection of SQLite's pool: 2 MB each, as by default, were 16 MB of pages that the system keeps anyway. What
is asked often is asked of `at_hand`, which has a cache of its own."""

_WRITES = "palabre_writes"


class Database:
    """Reads run side by side. Writes queue fairly before SQLite, which takes one at a time."""

    def __init__(self, engine: AsyncEngine, at_hand: AtHand | None = None) -> None:
        self.engine = engine
        self.at_hand = at_hand
        """What SQLite answers on the spot; None for PostgreSQL."""
        self._one_writer = asyncio.Lock() if at_hand is not None else None

    @classmethod
    def open(cls, url: str | None, folder: Path) -> "Database":
        """SQLite in `folder`, or the PostgreSQL at `url` (`postgresql://…`). Connects at the first use."""
        if url is None:
            file = folder / "palabre.sqlite3"
            return cls(_sqlite(file), AtHand(file))
        _, _, rest = url.partition("://")
        return cls(_engine(f"postgresql+asyncpg://{rest}", pool_size=10, pool_pre_ping=True))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent view; nothing is written."""
        async with self.engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end, rolled back when anything is raised."""
        async with AsyncExitStack() as stack:
            if self._one_writer is not None:
                await stack.enter_async_context(self._one_writer)
            connection = await stack.enter_async_context(self.engine.connect())
            await connection.execution_options(**{_WRITES: True})
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def write_at_once(self) -> AsyncIterator[Writing]:
        """The same for a few small rows, without a thread between. Raises NotNow: `write` has time for everything."""
        if self.at_hand is None or self._one_writer is None:
            raise NotNow
        async with self._one_writer:
            with self.at_hand.transaction() as writing:
                yield writing

    async def close(self) -> None:
        if self.at_hand is not None:
            self.at_hand.close()
        await self.engine.dispose()


def insert_if_new(connection: AsyncConnection, table: Table, values: Mapping[str, Any]) -> Insert:
    """An insert that does nothing (rowcount 0) when the row, or a unique value of it, is there already."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).values(**values).on_conflict_do_nothing()
    return postgresql.insert(table).values(**values).on_conflict_do_nothing()


def _engine(url: str, **options: Any) -> AsyncEngine:
    return create_async_engine(url, json_serializer=written_json, **options)


def _sqlite(path: Path) -> AsyncEngine:
    # Last in, first out: those that are not needed stay small.
    engine = _engine(f"sqlite+aiosqlite:///{path}", pool_size=8, max_overflow=0, pool_use_lifo=True)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver's own idea of transactions begins them late, which lets a read turn into a write and fail.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")  # in WAL mode a killed process loses nothing
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute(f"PRAGMA cache_size = -{PAGE_CACHE_KIB}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
