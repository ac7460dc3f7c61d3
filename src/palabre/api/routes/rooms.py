"""Voice chats: start, enter, leave, end."""

from fastapi import APIRouter, Request, Response

from palabre.api.edge import edge_address
from palabre.api.guard import Here, Me, Use
from palabre.api.once import OnlyOnce
from palabre.domain.ids import RoomId
from palabre.domain.personas import PersonaRef
from palabre.wire import commands as wire
from palabre.wire.room import Room, room_snapshot

router = APIRouter(tags=["rooms"])


@router.post("/chats/{chat_id}/rooms", status_code=201, response_model=Room)
async def start_room(
    chat_id: str, me: Me, here: Here, services: Use, once: OnlyOnce, body: wire.NewRoom | None = None
) -> Response:
    """Start a voice chat; it is live at once."""
    wish = body or wire.NewRoom()

    async def create() -> Room:
        room = await services.rooms.start(here.chat.id, me.id, title=wish.title, replace=wish.replace)
        return Room.model_validate(room)

    return await once(create)


@router.get("/rooms/{room_id}")
async def get_room(room_id: str, me: Me, services: Use) -> Room:
    """One voice chat, live or ended."""
    return Room.model_validate(await services.rooms.get(RoomId(room_id), me.id))


@router.patch("/rooms/{room_id}")
async def change_room(room_id: str, body: wire.RoomUpdate, me: Me, services: Use) -> Room:
    """Change title, who may raise a hand, or whether newcomers are muted."""
    changed = await services.rooms.change(
        RoomId(room_id), me.id, title=body.title, hands=body.hands, join_muted=body.join_muted
    )
    return Room.model_validate(changed)


@router.post("/rooms/{room_id}/end", status_code=204)
async def end_room(room_id: str, me: Me, services: Use) -> None:
    """End the voice chat for everybody."""
    await services.rooms.end(RoomId(room_id), me.id)


@router.post("/rooms/{room_id}/join")
async def join_room(
    room_id: str, request: Request, me: Me, services: Use, body: wire.JoinRoom | None = None
) -> wire.Joined:
    """Enter, or come back: the same account and persona is the same participant, with a new ticket."""
    wish = body or wire.JoinRoom()
    ref = None if wish.as_ is None else PersonaRef(wish.as_.kind, wish.as_.id)
    entry = await services.rooms.join(RoomId(room_id), me.id, ref, take_over=wish.take_over)
    edge = f"{edge_address(request, services)}/edge/v1"
    return wire.Joined(
        ticket=entry.ticket.value,
        expires_at=entry.ticket.expires_at,
        participant_id=entry.participant,
        edge=wire.Edge(whip=f"{edge}/whip", whep=f"{edge}/whep", events=f"{edge}/events"),
        you=wire.You(may_manage=entry.may_manage, may_speak=entry.may_speak),
        snapshot=room_snapshot(entry.snapshot),
    )


@router.post("/rooms/{room_id}/leave", status_code=204)
async def leave_room(room_id: str, me: Me, services: Use) -> None:
    """Leave the voice chat."""
    await services.rooms.leave(RoomId(room_id), me.id)
