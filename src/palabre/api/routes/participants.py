"""Microphones, hands, the list of participants, and what managers do."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from palabre.api.guard import Inside, Me, Use
from palabre.api.routes.chats import Cursor
from palabre.domain.ids import ParticipantId, RoomId
from palabre.domain.room import commands as c
from palabre.domain.room.participant import Mic
from palabre.domain.room.policy import need_inside
from palabre.wire import commands as wire
from palabre.wire.room import Counts, Participant

router = APIRouter(tags=["participants"])


@router.get("/rooms/{room_id}/participants")
async def list_participants(
    room_id: str,
    inside: Inside,
    services: Use,
    cursor: Cursor = None,
    q: Annotated[str, Query(max_length=64, description="Part of a name or handle.")] = "",
) -> wire.ParticipantPage:
    """Everyone in the voice chat, 50 a page."""
    page = services.rooms.page(inside, cursor=cursor, query=q)
    return wire.ParticipantPage(
        items=[Participant.model_validate(row) for row in page.items],
        next_cursor=page.next_cursor,
        counts=Counts.model_validate(page.counts),
    )


@router.put("/rooms/{room_id}/mic", status_code=204)
async def set_mic(room_id: str, body: wire.MicChange, me: Me, services: Use) -> None:
    """Open or close your own microphone."""
    await services.rooms.act(me.id, RoomId(room_id), lambda by: c.SetMic(by.account, Mic(body.state)))


@router.put("/rooms/{room_id}/hand", status_code=204)
async def raise_hand(room_id: str, me: Me, services: Use, body: wire.HandRaise | None = None) -> None:
    """Ask to speak."""
    question = body.question if body else None
    await services.rooms.act(me.id, RoomId(room_id), lambda by: c.RaiseHand(by, question))


@router.delete("/rooms/{room_id}/hand", status_code=204)
async def lower_own_hand(room_id: str, me: Me, inside: Inside, services: Use) -> None:
    """Ask no longer."""
    own = need_inside(inside.room, me.id).id
    await services.rooms.act(me.id, RoomId(room_id), lambda by: c.LowerHand(by, own))


@router.post("/rooms/{room_id}/participants/{participant_id}/mute", status_code=204)
async def mute_participant(room_id: str, participant_id: str, me: Me, services: Use) -> None:
    """Mute somebody; another manager keeps the right to open the microphone again."""
    who = ParticipantId(participant_id)
    await services.rooms.act(me.id, RoomId(room_id), lambda by: c.Mute(by, who))


@router.post("/rooms/{room_id}/participants/{participant_id}/allow", status_code=204)
async def allow_participant(room_id: str, participant_id: str, me: Me, services: Use) -> None:
    """Allow somebody to speak. It lowers the hand and never opens the microphone."""
    who = ParticipantId(participant_id)
    await services.rooms.act(me.id, RoomId(room_id), lambda by: c.Allow(by, who))


@router.post("/rooms/{room_id}/participants/{participant_id}/lower-hand", status_code=204)
async def lower_hand(room_id: str, participant_id: str, me: Me, services: Use) -> None:
    """Lower somebody's hand without allowing it."""
    who = ParticipantId(participant_id)
    await services.rooms.act(me.id, RoomId(room_id), lambda by: c.LowerHand(by, who))


@router.post("/rooms/{room_id}/participants/{participant_id}/remove", status_code=204)
async def remove_participant(
    room_id: str, participant_id: str, me: Me, services: Use, body: wire.Removal | None = None
) -> None:
    """Take somebody out of this voice chat, under any persona."""
    wish = body or wire.Removal()
    who = ParticipantId(participant_id)
    until = None if wish.for_s is None else services.clock.now() + timedelta(seconds=wish.for_s)
    await services.rooms.act(me.id, RoomId(room_id), lambda by: c.Remove(by, who, until, wish.reason))


@router.post("/rooms/{room_id}/mute-all", status_code=204)
async def mute_all(room_id: str, me: Me, services: Use) -> None:
    """Mute everybody but managers."""
    await services.rooms.act(me.id, RoomId(room_id), c.MuteAll)
