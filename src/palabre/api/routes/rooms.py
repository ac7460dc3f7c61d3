"""Voice chats: start, enter, leave, end."""

from fastapi import APIRouter, Response
from pydantic_core import to_json

from palabre.api.guard import EdgeAddress, Guarded, Here, Inside, Me, Use
from palabre.api.once import OnlyOnce
from palabre.domain.ids import RoomId
from palabre.domain.personas import PersonaRef
from palabre.domain.room import commands as c
from palabre.domain.room.state import Room
from palabre.domain.room.views import view_room
from palabre.rooms.service import Entry
from palabre.wire import commands as wire
from palabre.wire import room as wire_room
from palabre.wire.times import rfc3339

router = APIRouter(tags=["rooms"])


@router.post("/chats/{chat_id}/rooms", status_code=201, response_model=wire_room.Room)
async def start_room(
    chat_id: str, me: Me, here: Here, services: Use, once: OnlyOnce, body: wire.NewRoom | None = None
) -> Response:
    """Start a voice chat; it is live at once."""
    wish = body or wire.NewRoom()

    async def create(seed: str | None) -> wire_room.Room:
        start = services.rooms.start
        return _shown(await start(me.id, here.chat.id, title=wish.title, replace=wish.replace, seed=seed))

    return await once(create)


@router.get("/rooms/{room_id}")
async def get_room(room_id: str, inside: Inside) -> wire_room.Room:
    """One voice chat, live or ended."""
    return _shown(inside.room)


@router.patch("/rooms/{room_id}")
async def change_room(
    room_id: str, body: wire.RoomUpdate, me: Me, inside: Inside, services: Use
) -> wire_room.Room:
    """Change title, who may raise a hand, or whether newcomers are muted."""
    room, title, hands, muted = inside.room, body.title, body.hands, body.join_muted
    if title is not None:
        room = await services.rooms.rename(me.id, room.id, title)
    if hands is not None:
        room = await services.rooms.act(me.id, room.id, lambda by: c.SetHandsPolicy(by, hands))
    if muted is not None:
        room = await services.rooms.act(me.id, room.id, lambda by: c.SetJoinMuted(by, muted))
    return _shown(room)


@router.post("/rooms/{room_id}/end", status_code=204)
async def end_room(room_id: str, me: Me, services: Use) -> None:
    """End the voice chat for everybody."""
    await services.rooms.act(me.id, RoomId(room_id), c.EndRoom)


@router.post("/rooms/{room_id}/join", response_model=wire.Joined)
async def join_room(
    room_id: str, visit: Guarded, services: Use, edge: EdgeAddress, body: wire.JoinRoom | None = None
) -> Response:
    """Enter, or come back: the same account and persona is the same participant, with a new ticket."""
    wish, inside = body or wire.JoinRoom(), visit.inside
    ref = None if wish.as_ is None else PersonaRef(wish.as_.kind, wish.as_.id)
    persona = await services.masks.chosen(visit.there, visit.me, ref, visit.last)
    entry = await services.rooms.join(inside.by, inside.room, persona, take_over=wish.take_over)
    if ref is not None:
        await services.masks.remember(visit.there, visit.me, persona)
    return Response(_joined(entry, f"{edge}/edge/v1"), media_type="application/json")


@router.post("/rooms/{room_id}/leave", status_code=204)
async def leave_room(room_id: str, me: Me, services: Use) -> None:
    """Leave the voice chat."""
    await services.rooms.act(me.id, RoomId(room_id), lambda by: c.Leave(by.account))


def _shown(room: Room) -> wire_room.Room:
    return wire_room.Room.model_validate(view_room(room))


def _joined(entry: Entry, doors: str) -> bytes:
    """`wire.Joined` as JSON, without its models, which check what is right by construction.

    Its snapshot, which many share, is JSON already.
    """
    ticket, mine = entry.ticket, entry.participant
    told = {
        "ticket": ticket.token,
        "expires_at": rfc3339(ticket.expires_at),
        "participant_id": mine.id,
        "edge": {"whip": f"{doors}/whip", "whep": f"{doors}/whep", "events": f"{doors}/events"},
        "you": {"may_manage": mine.manager, "may_speak": mine.may_speak},
    }
    return to_json(told).removesuffix(b"}") + b',"snapshot":' + entry.snapshot + b"}"
