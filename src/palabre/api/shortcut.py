"""Joining comes in storms: it goes around the framework's routing, to the same guard and the same handler."""

import re

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from palabre.api.guard import admit
from palabre.api.middleware import replayed
from palabre.api.problems import refusal_response
from palabre.api.routes.rooms import join_room
from palabre.domain.refusal import Refused
from palabre.wire.commands import JoinRoom

_JOIN = re.compile(r"/api/v1/rooms/([^/]+)/join")
_JSON = re.compile(rb"application/json(;.*)?", re.IGNORECASE)


class Fork:
    """Joins go one way, everything else the other. It stands before all layers, of which each costs a join time."""

    def __init__(self, rest: ASGIApp, joins: ASGIApp) -> None:
        self._rest = rest
        self._joins = joins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match = _JOIN.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if match is None or scope["method"] != "POST":
            await self._rest(scope, receive, send)
        else:
            await self._joins({**scope, "path_params": {"room_id": match[1]}}, receive, send)


class JoinShortcut:
    """Answers joins as the framework would, for a third of its CPU; what is not as documented it leaves to it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        try:
            wish = _read(request, body)
        except ValidationError:
            await self._app(scope, replayed(body, receive), send)
            return
        response = await _answer(request, wish)
        await response(scope, receive, send)


def _read(request: Request, body: bytes) -> JoinRoom | None:
    """Raises ValidationError when the body is not as documented, or may not be."""
    if not body:
        return None
    announced = request.headers.get("content-type", "").encode("latin-1")
    return JoinRoom.model_validate_json(body if _JSON.fullmatch(announced) else b"")


async def _answer(request: Request, wish: JoinRoom | None) -> Response:
    try:
        return await join_room(
            request.path_params["room_id"], request, await admit(request, "joinRoom"), wish
        )
    except Refused as refused:
        return refusal_response(refused)
