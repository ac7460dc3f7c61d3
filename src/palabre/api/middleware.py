"""What applies to every request: size, rate, and the headers that protect the page."""

from collections.abc import Callable

from starlette.datastructures import URL, Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from palabre.api.edge import edge_address
from palabre.api.problems import TooManyRequests, problem_response
from palabre.api.rates import Rate
from palabre.domain.refusal import Code, Refused


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
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdigit() or int(announced) > self._max_bytes:
            await self._refuse(scope, receive, send)
            return
        body = await self._read(receive)
        if body is None:
            await self._refuse(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

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


def _replay(body: bytes, receive: Receive) -> Receive:
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
            client = scope.get("client")
            try:
                self._rate.take(client[0] if client else "unknown", self._monotonic())
            except TooManyRequests as refused:
                wait = {"Retry-After": str(refused.retry_after_s)}
                await problem_response(refused, headers=wait)(scope, receive, send)
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
        edge = edge_address(URL(scope=scope), self._edge_url, self._edge_port)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _protect(MutableHeaders(scope=message), edge)
            await send(message)

        await self._app(scope, receive, with_headers)


def _protect(headers: MutableHeaders, edge: str) -> None:
    headers["Content-Security-Policy"] = (
        f"default-src 'self'; connect-src 'self' {edge}; media-src 'self' blob:; img-src 'self' data:; "
        # Svelte sets widths and colours as style attributes.
        "style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "microphone=(self), camera=(), geolocation=()"
    headers.setdefault("Cache-Control", "no-store")
