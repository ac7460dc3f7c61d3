"""Before any handler: who asks, and whether the policy lets it."""

import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Request

from palabre.accounts.service import hashed
from palabre.api.edge import edge_of_scope
from palabre.api.middleware import address_of_scope
from palabre.api.policy import ACCESS, NOT_VISIBLE, Rule, Scope, check
from palabre.api.ports import Services
from palabre.api.rates import AddressRate, Rate
from palabre.chats.directory import seen
from palabre.chats.ports import Card, Entrance, LastPersona, Place
from palabre.config import Limits
from palabre.domain.accounts import Account
from palabre.domain.ids import ChatId, MessageId, RoomId
from palabre.domain.messages import Message
from palabre.domain.refusal import Code, Refused
from palabre.domain.room.policy import actor_of
from palabre.rooms.service import Look, look

SESSION_COOKIE = "palabre_session"
CSRF_COOKIE = "palabre_csrf"
CSRF_HEADER = "X-CSRF-Token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Rates:
    """The rate limits of this process."""

    address: Rate
    account: Rate
    sign_in: Rate
    sign_up: Rate

    @classmethod
    def of(cls, limits: Limits) -> "Rates":
        """With full buckets."""
        return cls(
            address=_per_second(AddressRate, "address", limits.address_requests_per_s, limits.address_burst),
            account=_per_second(Rate, "account", limits.account_requests_per_s, limits.account_burst),
            sign_in=_per_minute(Rate, "sign_ins", limits.sign_ins_per_minute, limits.sign_in_burst),
            sign_up=_per_minute(AddressRate, "sign_ups", limits.sign_ups_per_minute, limits.sign_up_burst),
        )


def _per_second(kind: type[Rate], whose: str, per_s: float, burst: int) -> Rate:
    return kind({f"{whose}_requests_per_s": max(1, round(per_s))}, per_s=per_s, burst=burst)


def _per_minute(kind: type[Rate], what: str, per_minute: float, burst: int) -> Rate:
    return kind({f"{what}_per_minute": max(1, round(per_minute))}, per_s=per_minute / 60, burst=burst)


@dataclass(frozen=True, slots=True)
class Visit:
    """What the guard found: who asks, and what the path names."""

    account: Account | None
    token: str | None
    place: Place | None = None
    look: Look | None = None
    message: Message | None = None
    last: LastPersona | None = None

    @property
    def me(self) -> Account:
        assert self.account is not None, "the policy lets nobody in without an account here"
        return self.account

    @property
    def here(self) -> Card:
        assert isinstance(self.place, Card), "the policy names a chat here"
        return self.place

    @property
    def there(self) -> Place:
        assert self.place is not None, "the policy names a chat, or something in one, here"
        return self.place

    @property
    def inside(self) -> Look:
        assert self.look is not None, "the policy names a room here"
        return self.look


def services_of(request: Request) -> Services:
    """What `create_app` was given."""
    found = request.app.state.services
    assert isinstance(found, Services)
    return found


def edge_of(request: Request) -> str:
    """The edge's address for whoever sent this request."""
    services = services_of(request)
    return edge_of_scope(request.scope, services.settings.edge_url, services.edge_port)


def rates_of(request: Request) -> Rates:
    """The rate limits of this process."""
    found = request.app.state.rates
    assert isinstance(found, Rates)
    return found


def address_of(request: Request) -> str:
    """See `address_of_scope`."""
    return address_of_scope(request.scope)


async def guard(request: Request) -> Visit:
    """Raises Refused as `policy.codes_of` lists for the operation."""
    operation = operation_id(request.scope["route"].name)
    return await admit(request, operation, services_of(request), rates_of(request))


async def admit(request: Request, operation: str, services: Services, rates: Rates) -> Visit:
    """Who asks for the operation, if it may. Raises Refused as `guard` does."""
    rule = ACCESS[operation]
    if not rule.signed_in:
        return Visit(None, None)
    token, from_cookie = _token(request)
    if not token:
        raise Refused(Code.NOT_SIGNED_IN)
    entrance = await _entrance(request, services, token) if rule.scope is Scope.ROOM else None
    account = await services.accounts.whose(token) if entrance is None else entrance.account
    if account is None:
        raise Refused(Code.NOT_SIGNED_IN)
    if from_cookie and request.method not in _SAFE_METHODS:
        _check_csrf(request, token)
    rates.account.take(account.id, services.clock.monotonic())
    visit = await _named(request, services, rule, Visit(account, token), entrance)
    if visit.place is not None:
        check(rule, visit.place)
    return visit


def operation_id(name: str) -> str:
    """`list_my_chats` → `listMyChats`: a name for the table, the document and generated clients."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def csrf_token(session_token: str) -> str:
    """Bound to the session: a cookie planted from a sibling domain does not pass."""
    return hmac.new(session_token.encode(), b"palabre csrf", hashlib.sha256).hexdigest()


def _token(request: Request) -> tuple[str | None, bool]:
    """The session token, and whether the browser sent it by itself (cookie)."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip(), False
    return request.cookies.get(SESSION_COOKIE), True


def _check_csrf(request: Request, token: str) -> None:
    sent = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(sent.encode(), csrf_token(token).encode()):
        raise Refused(Code.CSRF_FAILED)


async def _entrance(request: Request, services: Services, token: str) -> Entrance | None:
    """What can be known of a request to a room at once. None: ask one after another, which tells what is missing."""
    room = RoomId(request.path_params["room_id"])
    return await services.entrances.find(hashed(token), room, services.clock.now())


async def _named(
    request: Request, services: Services, rule: Rule, visit: Visit, entrance: Entrance | None
) -> Visit:
    """The visit with what the path names, when the account may see it. Raises Refused as NOT_VISIBLE says."""
    path, me = request.path_params, visit.me.id
    try:
        match rule.scope:
            case Scope.SERVER:
                return visit
            case Scope.CHAT:
                return replace(visit, place=await services.directory.visible(ChatId(path["chat_id"]), me))
            case Scope.ROOM:
                return await _inside(services, RoomId(path["room_id"]), visit, entrance)
            case Scope.MESSAGE:
                message = await services.conversation.get(MessageId(path["message_id"]))
                there = await services.directory.place(message.chat, me)
                return replace(visit, place=there, message=message)
    except Refused as refused:
        raise Refused(NOT_VISIBLE[rule.scope]) from refused


async def _inside(services: Services, room_id: RoomId, visit: Visit, entrance: Entrance | None) -> Visit:
    me = visit.me.id
    if entrance is None:
        room, last = await services.rooms.load(room_id), None
        there = await services.directory.place(room.chat, me)
    else:
        room, last = await services.rooms.load(room_id, entrance.version), entrance.last
        there = seen(entrance.there)
    return Visit(visit.account, visit.token, there, look(room, actor_of(me, there.mine)), last=last)


# Coroutines, though nothing waits in them: the framework would send plain functions through a thread each.
async def _account(visit: Annotated[Visit, Depends(guard)]) -> Account:
    return visit.me


async def _card(visit: Annotated[Visit, Depends(guard)]) -> Card:
    return visit.here


async def _look(visit: Annotated[Visit, Depends(guard)]) -> Look:
    return visit.inside


async def _message(visit: Annotated[Visit, Depends(guard)]) -> Message:
    assert visit.message is not None, "the policy names a message here"
    return visit.message


async def _services(request: Request) -> Services:
    return services_of(request)


async def _edge(request: Request) -> str:
    return edge_of(request)


Guarded = Annotated[Visit, Depends(guard)]
Me = Annotated[Account, Depends(_account)]
Here = Annotated[Card, Depends(_card)]
Inside = Annotated[Look, Depends(_look)]
TheMessage = Annotated[Message, Depends(_message)]
Use = Annotated[Services, Depends(_services)]
EdgeAddress = Annotated[str, Depends(_edge)]
