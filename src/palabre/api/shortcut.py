"""Joining comes in storms: it goes around the framework, to the same guard and the same handler."""

import re
from functools import lru_cache
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope
from structlog import get_logger

from palabre.api.edge import edge_of_scope
from palabre.api.guard import Rates, admit
from palabre.api.middleware import address_of_scope
from palabre.api.ports import Services
from palabre.api.problems import problem_response, refusal_response
from palabre.api.proxies import Proxies
from palabre.api.routes.rooms import join_room
from palabre.domain.refusal import Code, Refused
from palabre.wire.commands import JoinRoom

log = get_logger()

_JSON = re.compile(r"application/json(;.*)?", re.IGNORECASE)

Answer: TypeAlias = tuple[Response, str | None]
"""And the edge's address, which the headers around it name; None after a crash, when none go around it."""

_SHORT = 64
"""Bytes of a wish, and of its media type, that many have in the same words; it is read once."""


def read_wish(body: bytes, announced: str) -> JoinRoom | None:
    """The body of a join. Raises ValidationError when it is not as documented, or may not be."""
    short = len(body) <= _SHORT and len(announced) <= _SHORT
    return _read_once(body, announced) if short else _read_anew(body, announced)


def _read_anew(body: bytes, announced: str) -> JoinRoom | None:
    if not body:
        return None
    return JoinRoom.model_validate_json(body if _JSON.fullmatch(announced) else b"")


_read_once = lru_cache(maxsize=256)(_read_anew)


class Joins:
    """Answers joins as the framework would, with what every request passes around them."""

    def __init__(self, services: Services, rates: Rates, proxies: Proxies) -> None:
        self._services = services
        self._rates = rates
        self._proxies = proxies

    async def answer(self, scope: Scope, wish: JoinRoom | None) -> Answer:
        """The answer to a request with that scope (ASGI's), whose `path_params` have the room."""
        try:
            self._proxies.believe(scope)
            settings = self._services.settings
            edge = edge_of_scope(scope, settings.edge_url, self._services.edge_port)
            return await self._answer(scope, edge, wish), edge
        except Exception:
            log.exception("a request crashed", path=scope["path"], method=scope["method"])
            return problem_response(Refused(Code.INTERNAL_ERROR)), None

    async def _answer(self, scope: Scope, edge: str, wish: JoinRoom | None) -> Response:
        services, room = self._services, scope["path_params"]["room_id"]
        try:
            self._rates.address.take(address_of_scope(scope), services.clock.monotonic())
            visit = await admit(Request(scope), "joinRoom", services, self._rates)
            return await join_room(room, visit, services, edge, wish)
        except Refused as refused:
            return refusal_response(refused)
