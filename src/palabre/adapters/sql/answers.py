"""Answers to requests with an Idempotency-Key."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, select, update

from palabre.accounts.ports import Answer
from palabre.adapters.sql import tables as t
from palabre.adapters.sql.database import Database, insert_if_new
from palabre.domain.ids import AccountId
from palabre.domain.refusal import Code, Refused

KEPT = timedelta(hours=24)
"""A client that repeats a request later than this starts anew."""


class SqlAnswers:
    """The port `accounts.ports.Answers`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(
        self, account: AccountId, key: str, fingerprint: bytes, now: datetime
    ) -> Answer | datetime:
        """See `Answers`."""
        claimed = {"account_id": account, "key": key, "fingerprint": fingerprint, "claimed_at": now}
        async with self._database.write() as connection:
            await connection.execute(delete(t.answers).where(_stale(now)))
            if (await connection.execute(insert_if_new(connection, t.answers, claimed))).rowcount == 1:
                return now
            row = (await connection.execute(select(t.answers).where(_is(account, key)))).one()
        if row.fingerprint != fingerprint:
            raise Refused(Code.IDEMPOTENCY_KEY_REUSED)
        claimed_at: datetime = row.claimed_at
        return claimed_at if row.status is None else Answer(row.status, row.body)

    async def keep(self, account: AccountId, key: str, answer: Answer) -> None:
        """See `Answers`."""
        values = {"status": answer.status, "body": answer.body}
        async with self._database.write() as connection:
            await connection.execute(update(t.answers).where(_is(account, key)).values(values))

    async def forget(self, account: AccountId, key: str) -> None:
        """See `Answers`."""
        async with self._database.write() as connection:
            await connection.execute(delete(t.answers).where(_is(account, key)))


def _is(account: AccountId, key: str) -> ColumnElement[bool]:
    return and_(t.answers.c.account_id == account, t.answers.c.key == key)


def _stale(now: datetime) -> ColumnElement[bool]:
    return t.answers.c.claimed_at < now - KEPT
