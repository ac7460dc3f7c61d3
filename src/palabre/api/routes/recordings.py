"""Recording on and off."""

from fastapi import APIRouter

from palabre.api.guard import Me, Use
from palabre.domain.ids import RoomId
from palabre.domain.room import commands as c
from palabre.domain.room.views import view_room
from palabre.wire import commands as wire
from palabre.wire.room import Recording

router = APIRouter(tags=["recordings"])


@router.post("/rooms/{room_id}/recording", status_code=201)
async def start_recording(
    room_id: str, me: Me, services: Use, body: wire.NewRecording | None = None
) -> Recording:
    """Record the voice chat; it ends in your Saved Messages."""
    title = body.title if body else ""
    recording = services.ids.recording()
    room = await services.rooms.act(me.id, RoomId(room_id), lambda by: c.StartRecording(by, recording, title))
    return Recording.model_validate(view_room(room).recording)


@router.delete("/rooms/{room_id}/recording", status_code=204)
async def stop_recording(room_id: str, me: Me, services: Use) -> None:
    """Stop recording and deliver it."""
    await services.rooms.act(me.id, RoomId(room_id), c.StopRecording)
