"""Where the edge is, as the asking browser can reach it."""

import re

from starlette.datastructures import URL

_HOST = re.compile(r"[A-Za-z0-9.\-]+|[0-9A-Fa-f:.]+")
"""A name or an address. What else a client may write in its Host header goes nowhere."""


def edge_address(asked: URL, edge_url: str | None, edge_port: int) -> str:
    """`edge_url` when the operator set one, else the host of the request with the edge's port."""
    if edge_url:
        return edge_url
    host = asked.hostname or ""
    if not _HOST.fullmatch(host):
        host = "localhost"
    literal = f"[{host}]" if ":" in host else host
    return f"{asked.scheme}://{literal}:{edge_port}"
