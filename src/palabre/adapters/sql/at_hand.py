"""SQLite without a thread between: what takes it microseconds is done right where it is asked.

Through the pool a question changes threads several times, and on one core each change costs more than the answer.
Only statements that find their rows by a key belong here; whatever has to wait for somebody goes through the pool.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Delete, Insert, Select, Update
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.sql.compiler import SQLCompiler

from palabre.adapters.sql.written import written_json

WRITES_IN_A_ROW = 128
"""After so many the next one goes through the pool, where the log is copied into the database now and then: that may
take the disk's time."""

_DIALECT = sqlite_dialect(paramstyle="qmark", json_serializer=written_json)

Statement = Select[Any] | Insert | Update | Delete
Values = Mapping[str, Any]


class NotNow(Exception):
    """The database is another's at this moment, or it is time to tidy up: ask through the pool, which waits."""


class Prepared:
    """A statement with named binds, put into SQLite's words once. `Values` are of the columns' Python types."""

    def __init__(self, statement: Statement) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        assert isinstance(compiled, SQLCompiler), "a statement, not DDL"
        self.sql = str(compiled)
        self._binds = [(name, _written(compiled, name)) for name in compiled.positiontup or ()]
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}
        columns = statement.selected_columns if isinstance(statement, Select) else ()
        self._names = [str(column.key) for column in columns]
        self._read = [
            (at, process)
            for at, column in enumerate(columns)
            if (process := column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)) is not None
        ]

    def arguments(self, values: Values) -> list[Any]:
        """In the order of the statement's question marks."""
        given = {**self._constants, **values} if self._constants else values
        return [given[name] if write is None else write(given[name]) for name, write in self._binds]

    def row(self, raw: Sequence[Any]) -> dict[str, Any]:
        """A row of the answer by the names of its columns."""
        found = list(raw)
        for at, process in self._read:
            found[at] = process(found[at])
        return dict(zip(self._names, found, strict=True))


class AtHand:
    """A connection of the loop's own. It never waits: it raises NotNow."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: sqlite3.Connection | None = None
        self._writes = 0

    def row(self, query: Prepared, values: Values) -> dict[str, Any] | None:
        """The first row of what is in the database now. Raises NotNow."""
        try:
            found = self._connection().execute(query.sql, query.arguments(values)).fetchall()
        except sqlite3.OperationalError as error:
            raise NotNow from error
        return query.row(found[0]) if found else None

    @contextmanager
    def transaction(self) -> Iterator["Writing"]:
        """Committed at the end, rolled back when anything is raised. The caller is the only writer of this process.

        Raises NotNow; also when what is written breaks a rule of the schema, which the pool then tells in its words.
        """
        self._writes += 1
        if self._writes > WRITES_IN_A_ROW:
            self._writes = 0
            raise NotNow
        connection = self._connection()
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield Writing(connection)
            connection.execute("COMMIT")
        except (sqlite3.OperationalError, sqlite3.IntegrityError) as error:
            raise NotNow from error
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            # isolation_level None: transactions begin and end where it is written here.
            opened = sqlite3.connect(self._path, timeout=0, isolation_level=None)
            opened.execute("PRAGMA synchronous = NORMAL")
            opened.execute("PRAGMA foreign_keys = ON")
            opened.execute("PRAGMA wal_autocheckpoint = 0")
            self._opened = opened
        return self._opened


class Writing:
    """A transaction that is under way."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, statement: Prepared, values: Values) -> int:
        """How many rows it touched."""
        return self._connection.execute(statement.sql, statement.arguments(values)).rowcount

    def execute_each(self, statement: Prepared, several: Sequence[Values]) -> None:
        """Once with each of the values."""
        self._connection.executemany(statement.sql, [statement.arguments(values) for values in several])


def _written(compiled: SQLCompiler, name: str) -> Any:
    """How a bind's value is written, None for as it is."""
    return compiled.binds[name].type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
