"""One connection to the application without a socket: bytes in, bytes out."""

import asyncio
import re
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from palabre.api.protocol import protocol_of
from tests.integration.api.people import House

DATE = b"Sat, 21 Nov 2026 18:00:00 GMT"


class Line(asyncio.Transport):
    """The server's end; the test is the other one."""

    def __init__(
        self, house: House, client: str = "203.0.113.9", kind: type[HttpToolsProtocol] | None = None
    ) -> None:
        super().__init__({"peername": (client, 40_000), "sockname": ("192.0.2.1", 8080)})
        self.written = b""
        self.closed = False
        self._wrote = asyncio.Event()
        self.state = ServerState()
        self.state.default_headers = [(b"date", DATE)]
        protocol = kind or protocol_of(house.app)
        config = uvicorn.Config(
            house.app,
            http=protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
        )
        self.server = protocol(config, self.state, {}, asyncio.get_running_loop())
        self.server.connection_made(self)

    def say(self, *pieces: bytes) -> None:
        """Each as the server reads it in one go."""
        for piece in pieces:
            self.server.data_received(piece)

    async def hear(self) -> bytes:
        """The next whole answer."""
        while (found := _whole(self.written)) is None:
            self._wrote.clear()
            await self._wrote.wait()
        answer, self.written = self.written[:found], self.written[found:]
        return answer

    async def settled(self) -> None:
        """Until nothing that was asked is under way."""
        while self.state.tasks:
            await asyncio.wait(self.state.tasks)

    def hang_up(self) -> None:
        self.closed = True
        self.server.connection_lost(None)

    def write(self, data: Any) -> None:
        self.written += data
        self._wrote.set()

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        """Nothing is read but what the test gives."""

    def resume_reading(self) -> None:
        """See `pause_reading`."""


def _whole(data: bytes) -> int | None:
    head, end, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    if not end or length is None or len(body) < int(length[1]):
        return None
    return len(head) + len(end) + int(length[1])
