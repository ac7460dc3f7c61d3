"""HTTP as uvicorn speaks it, but for joins: each is answered where it was read, without a server's layers.

`HttpToolsProtocol` and `RequestResponseCycle` are not documented as places to extend. What is used of them is used in
this file, in `connections` and in `places` alone, uv.lock keeps their version, and tests compare both byte by byte.
"""

import asyncio
import re
from collections.abc import Coroutine
from functools import lru_cache
from typing import Any, ClassVar

from fastapi import FastAPI
from pydantic import ValidationError
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from palabre.api.connections import BoundedProtocol
from palabre.api.middleware import NOT_KEPT, protection
from palabre.api.places import Places, lines
from palabre.api.shortcut import Answer, Joins, read_wish

_JOIN = re.compile(rb"/api/v1/rooms/[\w-]+/join")

_UNUSUAL = frozenset({b"expect", b"transfer-encoding", b"upgrade"})
"""Headers that a plain join does without."""

_LONGEST = 1024
"""Bytes of a plain join's body. No server's limit is lower."""


class JoiningProtocol(BoundedProtocol):
    """One connection. A join that is plainly as documented is held until all of it is there, and answered by `joins`;
    whatever else comes goes uvicorn's own way."""

    joins: ClassVar[Joins]
    _held: bytearray | None = None
    """The body so far of what looks like a plain join. uvicorn does not know of that request."""

    def on_headers_complete(self) -> None:
        if self._looks_plain():
            self._begin_body()
            self._held = bytearray()
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._held is None:
            super().on_body(body)
        else:
            self._held += body

    def on_message_complete(self) -> None:
        if self._held is not None and not self._join(bytes(self._held)):
            self._let_go()
        if self._held is None:
            super().on_message_complete()
        else:
            self._end_message()
        self._held = None

    def shutdown(self) -> None:
        if self._held is not None:
            self._let_go()
        super().shutdown()

    def _looks_plain(self) -> bool:
        if _JOIN.fullmatch(self.url) is None or self.parser.get_method() != b"POST":
            return False
        if self.cycle is not None and not self.cycle.response_complete:
            return False  # uvicorn keeps the order of what is asked in a row
        headers = dict(self.headers)
        length = headers.get(b"content-length", b"0")
        return (
            len(headers) == len(self.headers)
            and _UNUSUAL.isdisjoint(headers)
            and self.parser.get_http_version() == "1.1"
            and length.isdigit()
            and int(length) <= _LONGEST
        )

    def _join(self, body: bytes) -> bool:
        """Begins to answer. False when the body is not as documented: the framework has the words for that."""
        announced = next((value for name, value in self.headers if name == b"content-type"), b"")
        try:
            wish = read_wish(body, announced.decode("latin-1"))
        except ValidationError:
            return False
        self.cycle = _Join(self, self.joins.answer(self._join_scope(), wish))
        self._start_asgi_task(self.cycle, self.app)
        return True

    def _join_scope(self) -> dict[str, Any]:
        path = self.url.decode("ascii")
        named = {"path": path, "raw_path": self.url, "path_params": {"room_id": path.split("/")[4]}}
        return {**self.scope, "method": "POST", "query_string": b"", **named}

    def _let_go(self) -> None:
        """It is no plain join after all: uvicorn hears of it from the beginning."""
        held, self._held = self._held, None
        super().on_headers_complete()
        if held:
            super().on_body(bytes(held))


class _Join(RequestResponseCycle):
    """A join under way, to uvicorn a request like any other; no application is asked."""

    def __init__(self, connection: JoiningProtocol, answer: Coroutine[Any, Any, Answer]) -> None:
        super().__init__(
            scope=connection.scope,
            transport=connection.transport,
            flow=connection.flow,
            logger=connection.logger,
            access_logger=connection.access_logger,
            access_log=connection.access_log,
            default_headers=connection.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=connection.parser.should_keep_alive(),
            on_response=connection.on_response_complete,
        )
        self._answer = answer

    async def run_asgi(self, app: object) -> None:
        answer = await self._answer
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if not self.disconnected:
            self._write(answer)

    def _write(self, answer: Answer) -> None:
        response, edge = answer
        headers = lines(response.raw_headers) + (b"" if edge is None else _around(edge))
        end = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
        first = STATUS_LINE[response.status_code] + lines(self.default_headers)
        self.transport.write(b"".join((first, headers, end, response.body)))
        self.response_started = self.response_complete = True
        if not self.keep_alive or edge is None:
            self.transport.close()
        self.on_response()


@lru_cache(maxsize=1024)
def _around(edge: str) -> bytes:
    return lines((*protection(edge), NOT_KEPT))


def protocol_of(app: FastAPI, *, connections: int | None = None) -> type[JoiningProtocol]:
    """The protocol of a server of `app`, an application by `create_app`; it has this many connections at most, or as
    many as the settings say."""
    limits, proxies = app.state.services.settings.limits, app.state.proxies

    class Served(JoiningProtocol):
        joins = Joins(app.state.services, app.state.rates, proxies)
        places = Places(
            most=limits.connections if connections is None else connections,
            most_of_address=limits.address_connections,
            proxies=proxies,
        )

    return Served
