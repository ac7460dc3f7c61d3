"""Connections that are open, in all and of each address, and what is written to those for whom there is no place."""

from collections.abc import Iterable
from functools import cached_property

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from palabre.api.middleware import Header
from palabre.api.problems import TooManyRequests, refusal_response
from palabre.api.proxies import Proxies
from palabre.api.rates import network_of
from palabre.domain.refusal import Code, Refused


class Places:
    """Connections that are open: `most` in all, and `most_of_address` of one network that is no proxy's."""

    def __init__(self, *, most: int, most_of_address: int, proxies: Proxies) -> None:
        self._most = most
        self._most_of_address = most_of_address
        self._proxies = proxies
        self._taken = 0
        self._by_network: dict[str, int] = {}

    def enter(self, peer: str | None) -> bytes:
        """Takes a place; otherwise gives the answer, but for its first line's date. `peer` None: a local socket's."""
        if self._taken >= self._most:
            return self._full
        if (network := self._network(peer)) is not None:
            held = self._by_network.get(network, 0)
            if held >= self._most_of_address:
                return self._too_many
            self._by_network[network] = held + 1
        self._taken += 1
        return b""

    def leave(self, peer: str | None) -> None:
        """Gives back what `enter` took."""
        self._taken -= 1
        if (network := self._network(peer)) is None:
            return
        self._by_network[network] -= 1
        if not self._by_network[network]:
            del self._by_network[network]

    def _network(self, peer: str | None) -> str | None:
        """What a peer is counted by: a proxy's connections are many people's, and it bounds them itself."""
        return None if peer is None or self._proxies.has(peer) else network_of(peer)

    # Once each: a flood of connections is refused as fast as it comes.
    @cached_property
    def _full(self) -> bytes:
        detail = f"This server has {self._most} connections open, all it may. Try again in a moment."
        return answer(refusal_response(Refused(Code.MEDIA_BUSY, detail, limit={"connections": self._most})))

    @cached_property
    def _too_many(self) -> bytes:
        return answer(refusal_response(TooManyRequests({"address_connections": self._most_of_address}, 1)))


def answer(response: Response) -> bytes:
    """The last answer on a connection."""
    head = STATUS_LINE[response.status_code] + lines(response.raw_headers)
    return b"".join((head, b"connection: close\r\n\r\n", response.body))


def lines(headers: Iterable[Header]) -> bytes:
    """Headers as they are written."""
    return b"".join(b"%b: %b\r\n" % header for header in headers)
