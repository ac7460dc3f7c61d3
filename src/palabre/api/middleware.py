"""What applies to every request: size, rate, and the headers that protect the page."""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from palabre.api.edge import edge_of_scope
from palabre.api.problems import TooManyRequests, problem_response, refusal_response
from palabre.api.rates import Rate
from palabre.domain.refusal import Code, Refused

Header: TypeAlias = tuple[bytes, bytes]

NOT_KEPT: Header = (b"cache-control", b"no-store")
"""With every answer that says nothing else about it."""


def address_of_scope(scope: Scope) -> str:
    """The address a request came from; behind a proxy, whom it names (`proxies`)."""
    client = scope.get("client")
    return client[0] if client else "unknown"


class BodyLimit:
    """Refuses bodies over `max_bytes`, whether announced or streamed (BODY_TOO_LARGE).

    The framework has such a limit too, but answers with plain text.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not announced.isdigit() or int(announced) > self._max_bytes:
            await self._refuse(scope, receive, send)
            return
        body = await self._read(receive)
        if body is None:
            await self._refuse(scope, receive, send)
            return
        await self._app(scope, _replayed(body, receive), send)

    async def _read(self, receive: Receive) -> bytes | None:
        """The whole body, at most `max_bytes` in memory; None when there is more."""
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self._max_bytes:
                return None
            if message["type"] != "http.request" or not message.get("more_body", False):
                return bytes(body)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = Refused(Code.BODY_TOO_LARGE, limit={"body_bytes": self._max_bytes})
        # The rest of the body stays unread: the connection cannot be used again.
        response = problem_response(refused, headers={"Connection": "close"})
        await response(scope, receive, send)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """`receive` as it was before `body` was read."""
    first = True

    async def replay() -> Message:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replay


class RateLimit:
    """Refuses what one address sends beyond its rate, before anything else is done for it."""

    def __init__(self, app: ASGIApp, *, rate: Rate, monotonic: Callable[[], float]) -> None:
        self._app = app
        self._rate = rate
        self._monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                self._rate.take(address_of_scope(scope), self._monotonic())
            except TooManyRequests as refused:
                await refusal_response(refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class SecurityHeaders:
    """Only own scripts run, only the own server and its edge are spoken to, nobody frames the page."""

    def __init__(self, app: ASGIApp, *, edge_url: str | None, edge_port: int) -> None:
        self._app = app
        self._edge_url = edge_url
        self._edge_port = edge_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        around = protection(edge_of_scope(scope, self._edge_url, self._edge_port))

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), *around]
                # An application's names are in lower case (ASGI's specification of HTTP).
                if all(name != NOT_KEPT[0] for name, _ in headers):
                    headers.append(NOT_KEPT)
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, with_headers)


@lru_cache(maxsize=1024)
def protection(edge: str) -> tuple[Header, ...]:
    """The headers of every answer to whoever finds the edge at this address."""
    policy = (
        f"default-src 'self'; connect-src 'self' {edge}; media-src 'self' blob:; img-src 'self' data:; "
        # Svelte sets widths and colours as style attributes.
        "style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )
    return (
        (b"content-security-policy", policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"permissions-policy", b"microphone=(self), camera=(), geolocation=()"),
    )
