"""After a restart every live room is live again, before the doors open."""

import structlog

from palabre.domain.refusal import Refused
from palabre.rooms.ports import RoomStore
from palabre.rooms.runner import Runner

log = structlog.get_logger(__name__)


async def reopen_rooms(store: RoomStore, runner: Runner) -> int:
    """Opens what the store says is live, and says how many rooms that were. Chats are told what they missed."""
    rooms = await store.live_rooms()
    for room in rooms:
        try:
            await runner.reopen(room)
        except Refused as refusal:
            log.error("a room could not be opened again", room=room, code=refusal.code)
    for room in await store.untold():
        await runner.tell_again(room)
    return len(rooms)
