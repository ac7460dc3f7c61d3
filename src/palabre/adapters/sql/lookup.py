"""A row by its key: what thousands ask in the same second."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, bindparam, tuple_

from palabre.adapters.sql.at_hand import NotNow, Prepared
from palabre.adapters.sql.database import Database
from palabre.adapters.sql.rows import Row
from palabre.rooms.together import Together

Key: TypeAlias = tuple[Any, ...]


class Lookup:
    """`query` for one key at a time; it selects the columns of the key too, and has at most one row for each.

    SQLite answers on the spot. Elsewhere questions that wait together are one query.
    """

    def __init__(self, database: Database, query: Select[Any], *key: ColumnElement[Any]) -> None:
        self._database = database
        self._query = query
        self._key = key
        self._names = [f"key{n}" for n in range(len(key))]
        self._one = Prepared(
            query.where(*(column == bindparam(name) for column, name in zip(key, self._names, strict=True)))
        )
        self._askers = Together[None, Key, Row | None](self._rows)

    async def find(self, *key: Any) -> Row | None:
        """The row as it is now, or was committed after the question."""
        at_hand = self._database.at_hand
        if at_hand is not None:
            try:
                return at_hand.row(self._one, dict(zip(self._names, key, strict=True)))
            except NotNow:
                pass
        return await self._askers.ask(None, key)

    async def _rows(self, _: None, keys: Sequence[Key]) -> Sequence[Row | None]:
        query = self._query.where(tuple_(*self._key).in_(set(keys)))
        async with self._database.read() as connection:
            found = (await connection.execute(query)).mappings().all()
        names = [column.key for column in self._key]
        known = {tuple(row[name] for name in names): row for row in found}
        return [known.get(key) for key in keys]
