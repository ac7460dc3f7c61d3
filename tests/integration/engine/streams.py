"""Reads server-sent events as a client does."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx


class Stream:
    """One open event stream."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self) -> tuple[str, dict[str, Any]]:
        """The next event: its name and its data. Keep-alives are passed over."""
        name = ""
        async for line in self._lines:
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                return name, json.loads(line.removeprefix("data: "))
        return "closed", {}

    async def until(self, wanted: str) -> dict[str, Any]:
        """The data of the next event of that name; what comes before it is passed over."""
        while True:
            name, data = await self.next()
            if name in (wanted, "closed"):
                assert name == wanted, f"the stream ended before {wanted!r} came"
                return data


@asynccontextmanager
async def stream(port: int, ticket: str) -> AsyncIterator[Stream]:
    """Opens the event door with `ticket`."""
    url = f"http://127.0.0.1:{port}/edge/v1/events"
    headers = {"Authorization": f"Bearer {ticket}"}
    async with (
        httpx.AsyncClient(timeout=10) as client,
        client.stream("GET", url, headers=headers) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        yield Stream(answer.aiter_lines())


async def status(port: int, ticket: str) -> int:
    """The answer to knocking at the event door."""
    async with (
        httpx.AsyncClient(timeout=10) as client,
        client.stream("GET", f"http://127.0.0.1:{port}/edge/v1/events?ticket={ticket}") as answer,
    ):
        return answer.status_code
