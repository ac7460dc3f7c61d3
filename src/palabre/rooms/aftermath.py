"""What a room's steps leave outside it: service messages, hints to clients, recordings to deliver."""

from datetime import datetime

from palabre.domain.room import events as e
from palabre.domain.room.state import Room
from palabre.rooms.journal import Step
from palabre.rooms.ports import ChatHints, ChatLog, OpenRecording, Recordings


class Aftermath:
    """Everything here is safe to repeat, and names no actor: a mask would leak."""

    def __init__(self, *, chat_log: ChatLog, hints: ChatHints, recordings: Recordings) -> None:
        self._chat_log = chat_log
        self._hints = hints
        self._recordings = recordings

    async def of_start(self, room: Room) -> None:
        """A new room: the chat says so."""
        await self._chat_log.room_started(room.chat, room.id, room.title, room.started_at)
        self._hints.room_changed(room.chat)

    async def before_media(self, step: Step) -> None:
        """What must be remembered before the engine writes the first page of a recording."""
        for event in step.events:
            if isinstance(event, e.RecordingStarted):
                await self._recordings.open(
                    OpenRecording(
                        id=event.recording,
                        room=step.after.id,
                        chat=step.after.chat,
                        starter=event.by,
                        title=event.title or step.after.title,
                        started_at=event.at,
                    )
                )

    async def of_step(self, step: Step) -> None:
        """The chat's side of a step. Counts are not told here: `Keeper` tells them now and then."""
        for event in step.events:
            match event:
                case e.TitleChanged():
                    self._hints.room_changed(step.after.chat)
                case e.RoomEnded(at):
                    await self._room_ended(step.after, at)
                case _:
                    pass

    async def again(self, room: Room) -> None:
        """What the chat was to be told of a room when the server died."""
        await self.of_start(room)
        if room.ended_at is not None:
            await self._room_ended(room, room.ended_at)

    async def _room_ended(self, room: Room, at: datetime) -> None:
        duration_s = int((at - room.started_at).total_seconds())
        await self._chat_log.room_ended(room.chat, room.id, room.title, at, duration_s)
        self._hints.room_changed(room.chat)
