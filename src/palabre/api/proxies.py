"""Whose request it is when proxies stand between. The edge decides alike (`engine/edge/src/http/proxies.rs`); both are
tested by `tests/vectors/forwarded.json`.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

from starlette.types import ASGIApp, Receive, Scope, Send

Address: TypeAlias = IPv4Address | IPv6Address

UNKNOWN = "0.0.0.0"
"""Whoever a proxy names in words that are no address. All of them share one rate, and nothing is granted to it; what
the proxy itself may, nobody may who came through it."""

_SCHEMES = {b"http": "http", b"https": "https"}

_LONGEST_HOP = 64
"""Bytes of an address and a port, with room to spare. Longer ones are no address, and kept nowhere."""


class Proxies:
    """Those of the operator's, that are believed: many people's requests come from their addresses."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._known = frozenset(ip_of(address) for address in addresses)

    def has(self, peer: str) -> bool:
        """Whether the connection is a proxy's."""
        return ip_of(peer) in self._known

    def sender(self, peer: str, lines: Sequence[bytes]) -> str:
        """Who sent a request that came from `peer`, by the values of its X-Forwarded-For.

        Each proxy adds at the end whom it had it from, so the last one that is no proxy counts. What stands before
        it anybody may have written, in any bytes.
        """
        sender = ip_of(peer)
        if sender is None:
            return peer
        hops = b",".join(lines).split(b",") if lines else ()
        for hop in reversed(hops):
            if sender not in self._known:
                break
            if (found := _ip_of_hop(hop)) is None:
                return UNKNOWN
            sender = found
        return str(sender)

    def believe(self, scope: Scope) -> None:
        """Writes into an ASGI scope of HTTP who asks, and by which scheme."""
        client = scope.get("client")
        if client is None:
            return
        peer, headers = client[0], scope["headers"]
        if not self.has(peer):
            scope["client"] = (self.sender(peer, ()), client[1])
            return
        lines = [value for name, value in headers if name == b"x-forwarded-for"]
        scope["client"] = (self.sender(peer, lines), 0 if lines else client[1])
        for name, value in headers:
            if name == b"x-forwarded-proto" and (scheme := _SCHEMES.get(value.strip())):
                scope["scheme"] = scheme


class BehindProxies:
    """Tells the application who asks, whoever the connection is with."""

    def __init__(self, app: ASGIApp, *, proxies: Proxies) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._proxies.believe(scope)
        await self._app(scope, receive, send)


@lru_cache(maxsize=4096)
def ip_of(peer: str) -> Address | None:
    """Where a connection came from; None when that is no IP address (a socket's path).

    A socket that listens on `::` writes IPv4 addresses as ::ffff:192.0.2.1. They are the same addresses.
    """
    try:
        found = ip_address(peer)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _ip_of_hop(hop: bytes) -> Address | None:
    """An address as proxies write it: `192.0.2.1`, `2001:db8::1`, or with a port `192.0.2.1:80`, `[2001:db8::1]:80`."""
    hop = hop.strip(b" \t")
    if len(hop) > _LONGEST_HOP or not hop.isascii():
        return None
    text, rest = hop.decode("ascii"), ""
    if text.startswith("["):
        text, bracket, rest = text[1:].partition("]")
        if ":" not in text or not bracket or (rest and not _is_port(rest)):
            return None
    elif text.count(":") == 1:
        text, _, rest = text.partition(":")
        if not _is_port(f":{rest}"):
            return None
    return None if "%" in text else ip_of(text)


def _is_port(text: str) -> bool:
    digits = text.removeprefix(":")
    return digits != text and digits.isdigit() and len(digits) <= 5 and int(digits) <= 65_535
