"""Where the edge is, as the asking browser can reach it."""

import re
from functools import lru_cache

from starlette.datastructures import URL
from starlette.types import Scope

_HOST = re.compile(r"[A-Za-z0-9.\-]+|[0-9A-Fa-f:.]+")
"""A name or an address. What else a client may write in its Host header goes nowhere."""

_LONGEST = 253 + len(":65535")
"""Bytes of a Host header: a name (RFC 1035, section 2.3.4, without the root's dot) and a port. A longer one is no name,
and kept nowhere."""


def edge_of_scope(scope: Scope, edge_url: str | None, edge_port: int) -> str:
    """The edge's address for whoever sent the request of `scope`."""
    host = next((value for name, value in scope["headers"] if name == b"host"), None)
    if host is not None and len(host) > _LONGEST:
        host = b""
    return _edge_of(scope["scheme"], host, scope.get("server"), edge_url, edge_port)


# Nearly all requests name the same host, and reading a URL takes longer than anything else about the headers.
@lru_cache(maxsize=1024)
def _edge_of(
    scheme: str, host: bytes | None, server: tuple[str, int] | None, edge_url: str | None, edge_port: int
) -> str:
    headers = [] if host is None else [(b"host", host)]
    asked = URL(scope={"scheme": scheme, "server": server, "path": "/", "headers": headers})
    return edge_address(asked, edge_url, edge_port)


def edge_address(asked: URL, edge_url: str | None, edge_port: int) -> str:
    """`edge_url` when the operator set one, else the host of the request with the edge's port."""
    if edge_url:
        return edge_url
    host = asked.hostname or ""
    if not _HOST.fullmatch(host):
        host = "localhost"
    literal = f"[{host}]" if ":" in host else host
    return f"{asked.scheme}://{literal}:{edge_port}"
