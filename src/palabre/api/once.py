"""Idempotency-Key: a creation that is sent twice happens once."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.responses import Response
from pydantic import BaseModel

from palabre.accounts.ports import Answer
from palabre.api.guard import Me, Use
from palabre.api.ports import Services
from palabre.domain.accounts import Account

KEY = Header(
    alias="Idempotency-Key",
    min_length=1,
    max_length=128,
    description="Any text of your own. The same key with the same request is answered again, not done again.",
    examples=["5f0c3a52-start-friday"],
)


class Once:
    """Runs a creation at most once per account and key; without a key, always."""

    def __init__(self, request: Request, me: Account, services: Services, key: str | None) -> None:
        self._request = request
        self._me = me
        self._services = services
        self._key = key

    async def __call__(self, create: Callable[[str | None], Awaitable[BaseModel]]) -> Response:
        """201 with what `create` made, or with what it made the first time.

        `create` gets a seed, and with the same seed again makes nothing new but gives what it made: the
        process that made it may have died before it answered. Raises Refused(IDEMPOTENCY_KEY_REUSED) for
        another request with the same key.
        """
        if self._key is None:
            return _response(_answer(await create(None)))
        answers, me = self._services.answers, self._me.id
        known = await answers.claim(me, self._key, await self._fingerprint(), self._services.clock.now())
        if isinstance(known, Answer):
            return _response(known)
        try:
            answer = _answer(await create(self._seed(self._key, known)))
        except BaseException:
            await answers.forget(me, self._key)
            raise
        await answers.keep(me, self._key, answer)
        return _response(answer)

    def _seed(self, key: str, claimed_at: datetime) -> str:
        """Of this account, this key and this claim: a key that is used again another day makes another thing."""
        told = f"{self._me.id} {claimed_at.timestamp():.6f} {key}"
        return hashlib.sha256(told.encode()).hexdigest()

    async def _fingerprint(self) -> bytes:
        """SHA-256 over method, path and body."""
        head = f"{self._request.method} {self._request.url.path}\n".encode()
        return hashlib.sha256(head + await self._request.body()).digest()


def _answer(made: BaseModel) -> Answer:
    return Answer(201, made.model_dump_json(by_alias=True).encode())


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, media_type="application/json")


async def _once(request: Request, me: Me, services: Use, key: Annotated[str | None, KEY] = None) -> Once:
    return Once(request, me, services, key)


OnlyOnce = Annotated[Once, Depends(_once)]
