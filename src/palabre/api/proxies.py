"""Proxies of the operator's: many people's requests come from their addresses."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address


@lru_cache(maxsize=4096)
def address_of(peer: str) -> Address | None:
    """Where a connection came from; None when that is no IP address (a socket's path).

    A socket that listens on `::` writes IPv4 addresses as ::ffff:192.0.2.1. They are the same addresses.
    """
    try:
        found = ip_address(peer)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


class Proxies:
    """Those that are believed."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._known = frozenset(address_of(address) for address in addresses)

    def has(self, peer: str) -> bool:
        """Whether the connection is a proxy's."""
        return address_of(peer) in self._known
