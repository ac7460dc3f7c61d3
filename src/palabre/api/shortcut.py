"""Joining comes in storms: it goes around the framework's routing, to the same guard and the same handler."""

import re
from functools import lru_cache

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
_JSON = re.compile(r"application/json(;.*)?", re.IGNORECASE)

_SHORT = 64
"""Bytes of a wish that many have in the same words; it is read once."""


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
    """Answers joins as the framework would, for a third of its CPU; what is not as documented it leaves to it.

    It stands behind `BodyLimit`, from which a body comes in one piece.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body: bytes = (await receive())["body"]
        try:
            wish = _read(body, request.headers.get("content-type", ""))
        except ValidationError:
            await self._app(scope, replayed(body, receive), send)
            return
        response = await _answer(request, wish)
        await response(scope, receive, send)


def _read(body: bytes, announced: str) -> JoinRoom | None:
    """Raises ValidationError when the body is not as documented, or may not be."""
    return _read_once(body, announced) if len(body) <= _SHORT else _read_anew(body, announced)


def _read_anew(body: bytes, announced: str) -> JoinRoom | None:
    if not body:
        return None
    return JoinRoom.model_validate_json(body if _JSON.fullmatch(announced) else b"")


_read_once = lru_cache(maxsize=256)(_read_anew)


async def _answer(request: Request, wish: JoinRoom | None) -> Response:
    try:
        return await join_room(
            request.path_params["room_id"], request, await admit(request, "joinRoom"), wish
        )
    except Refused as refused:
        return refusal_response(refused)
