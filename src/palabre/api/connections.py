"""What a connection may keep of the server before anybody has signed in: a place, time, and memory for a head.

Like `protocol`, this extends a class of uvicorn's that is not documented as a place to extend.
"""

import asyncio
import socket
import sys
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from palabre.api.places import Places, answer, lines
from palabre.api.problems import refusal_response
from palabre.domain.refusal import Code, Refused

LONGEST_HEAD = 65_536
"""Bytes of a request's head, or of what stands between and after the chunks of a body. Beyond it: 431, and the
connection is closed. The parser has no such limit, and copies all of a header's value for each piece of it."""

WHOLE_WITHIN_S = 10.0
"""Seconds for a head since it was its turn to come, and for a body since its head. Then the connection is closed."""

TAKES_NOTHING_MS = 300_000
"""For so long a client may take nothing of its answer, as a player does that is paused; then the connection is closed,
also where the answer is already the system's to send."""

LONGEST_ROW = 16
"""Requests that may wait for the answer to one before them. Beyond it: 400, and the connection is closed. One read may
hold thousands, and each that waits takes some hundred times what it took to send."""

_ENDLESS = sys.maxsize
"""What comes is a body's: the application limits it."""


class _TooManyInARow(Exception):
    pass


class BoundedProtocol(HttpToolsProtocol):
    """One connection that has a place, and time."""

    places: ClassVar[Places]
    _entered = False
    _left = LONGEST_HEAD
    """Bytes that may still come before the parser has come to the next part of the message."""
    _in_body = False
    _late: asyncio.TimerHandle | None = None
    """Ends the connection. None while an answer is under way; uvicorn's own handle waits between two requests."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        refusal = self.places.enter(self._peer)
        if refusal:
            self._close_with(refusal)
            return
        self._entered = True
        _give_up_on_who_takes_nothing(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._entered:
            self.places.leave(self._peer)
            self._entered = False
        self._in_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        left, rest = self._left, b""
        if len(data) > left:
            data, rest = data[:left], data[left:]
        self._left -= len(data)
        super().data_received(data)
        if rest and not self.transport.is_closing():
            if self._left > 0:
                # As often as LONGEST_HEAD goes into one read.
                self.data_received(rest)
            else:
                self._refuse_head()
        self._watch()

    def on_headers_complete(self) -> None:
        self._begin_body()
        if len(self.pipeline) >= LONGEST_ROW:
            raise _TooManyInARow  # the parser stops, and tells uvicorn
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """A chunk follows, or what stands after the last one, which is no header of the request (RFC 9110, 6.5.1)."""
        self._left = LONGEST_HEAD
        self.headers = []

    def on_body(self, body: bytes) -> None:
        self._left = _ENDLESS
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._end_message()
        super().on_message_complete()

    def _begin_body(self) -> None:
        self._left, self._in_body = _ENDLESS, True
        self._in_time()

    def _end_message(self) -> None:
        self._left, self._in_body = LONGEST_HEAD, False
        self._in_time()

    @property
    def _peer(self) -> str | None:
        return self.client[0] if self.client else None

    def _watch(self) -> None:
        """Begins to wait for what is not whole, or has not begun. A client that sends on and on wins no time."""
        if self._late is not None:
            return
        if (self._in_body or not self._answering) and not self.transport.is_closing():
            self._late = self.loop.call_later(WHOLE_WITHIN_S, self.timeout_keep_alive_handler)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _refuse_head(self) -> None:
        if self._answering:
            # The words would be taken for the answer to what was asked before.
            self.transport.close()
            return
        refused = Refused(Code.HEAD_TOO_LARGE, limit={"head_bytes": LONGEST_HEAD})
        self._close_with(answer(refusal_response(refused)))

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _close_with(self, refusal: bytes) -> None:
        first, rest = refusal.split(b"\r\n", 1)
        self.transport.write(b"".join((first, b"\r\n", lines(self.server_state.default_headers), rest)))
        self.transport.close()


def _give_up_on_who_takes_nothing(transport: asyncio.Transport) -> None:
    """By TCP itself (RFC 5482), where the system can: Linux."""
    connection, option = transport.get_extra_info("socket"), getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None and connection is not None:
        connection.setsockopt(socket.IPPROTO_TCP, option, TAKES_NOTHING_MS)
