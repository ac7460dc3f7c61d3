"""The one way a room changes: load → decide → store → effects → publish, one step at a time per room."""

from collections.abc import Sequence

from palabre.domain.ids import AccountId, ParticipantId, RoomId
from palabre.domain.refusal import Code, Refused
from palabre.domain.room import commands as c
from palabre.domain.room.decide import decide
from palabre.domain.room.events import Changes, RoomStarted
from palabre.domain.room.participant import Mic, Participant
from palabre.domain.room.state import Room
from palabre.rooms.aftermath import Aftermath
from palabre.rooms.journal import Decide, Journal
from palabre.rooms.live import LiveRoom, LiveRooms
from palabre.rooms.options import RoomOptions
from palabre.rooms.ports import Clock, Ids, MediaBusy
from palabre.rooms.together import Together, TooMany


class Runner:
    """Carries out commands, also those that nobody wished: a time of grace is over, a room is empty."""

    def __init__(
        self,
        *,
        journal: Journal,
        rooms: LiveRooms,
        aftermath: Aftermath,
        clock: Clock,
        ids: Ids,
        options: RoomOptions,
    ) -> None:
        self._journal = journal
        self._rooms = rooms
        self._aftermath = aftermath
        self._clock = clock
        self._ids = ids
        self._options = options
        self._steps = Together[RoomId, Decide, Room](self._run_all)

    async def load(self, room: RoomId, newest: int | None = None) -> Room:
        """See `Journal.load`."""
        return await self._journal.load(room, newest)

    async def find(self, room: RoomId) -> Room | None:
        """The same, None when there is none."""
        try:
            return await self._journal.load(room)
        except Refused as refusal:
            if refusal.code is not Code.ROOM_NOT_FOUND:
                raise
            return None

    async def begin(self, event: RoomStarted) -> Room:
        """A new room, live at once. Raises Refused(ROOM_ALREADY_LIVE)."""
        room = await self._journal.begin(event)
        self._rooms.open(room, self._clock.now()).engine.bring_in_step(room)
        await self._aftermath.of_start(room)
        return room

    async def run(self, room_id: RoomId, command: c.Command) -> Room:
        """The room after `command`, and after those that waited with it. Raises Refused."""
        return await self._ask(room_id, lambda room: decide(room, command, self._clock.now()))

    async def let_go(self, live: LiveRoom, who: ParticipantId) -> None:
        """`who` leaves, should its time of grace still be over when its turn comes: it may be at the door again."""

        def leave(room: Room) -> Changes:
            now, participant = self._clock.now(), room.participants.get(who)
            if participant is None or not live.doors.is_overdue(participant, now):
                return ()
            return decide(room, c.Leave(participant.account), now)

        await self._ask(live.room.id, leave)

    def _expect(self, live: LiveRoom, who: ParticipantId) -> None:
        live.doors.expect(who, self._clock.now())
        self._rooms.agenda.soon(live.room.id)

    async def _ask(self, room_id: RoomId, wish: Decide) -> Room:
        try:
            return await self._steps.ask(room_id, wish)
        except TooMany as error:
            raise Refused(Code.MEDIA_BUSY) from error

    async def _run_all(self, room_id: RoomId, wishes: Sequence[Decide]) -> Sequence[Room | Exception]:
        """One step of a room: what waits is decided in its order, stored at once, and followed at once."""
        step = await self._journal.commit(room_id, wishes)
        live = self._rooms.get(room_id)
        if live is not None and step.events:
            await self._aftermath.before_media(step)
            live.follow(step, self._clock.now())
            self._rooms.agenda.soon(room_id)
            self._rooms.forget_if_over(live)
            await self._aftermath.of_step(step)
        return [refusal or step.after for refusal in step.refusals]

    def expect(self, room_id: RoomId, account: AccountId) -> None:
        """Should the account be in the room, its time of grace runs anew: it must not be over while it joins."""
        live = self._rooms.get(room_id)
        if live is not None and (inside := live.room.of(account)) is not None:
            self._expect(live, inside.id)

    async def take_over(self, room_id: RoomId, who: Participant) -> None:
        """The sessions a participant has end, and their device is told so; its time of grace runs until a door opens.

        Raises Refused(MEDIA_BUSY).
        """
        live = self._rooms.get(room_id)
        if live is None or not live.doors.any_open(who.id):
            return
        try:
            live.engine.cut(who.id, "TAKEN_OVER")
        except MediaBusy as error:
            raise Refused(Code.MEDIA_BUSY) from error
        live.doors.forget(who.id)
        self._expect(live, who.id)
        live.engine.release(who.id)
        live.engine.bring_in_step(live.room)
        if who.mic is Mic.LIVE:
            await self.run(live.room.id, c.SetMic(who.account, Mic.MUTED))

    async def reopen(self, room_id: RoomId) -> None:
        """After a restart: live again with everybody in it. A recording goes on in a new file.

        Nobody is connected yet, so no microphone is live: each opens again with its client's new session.
        """
        now = self._clock.now()
        room = await self._journal.load(room_id)
        live = self._rooms.open(room, now)
        for participant in room.participants.values():
            live.doors.expect(participant.id, now + self._options.restart_grace - self._options.grace)
            if participant.mic is Mic.LIVE:
                await self.run(room_id, c.SetMic(participant.account, Mic.MUTED))
        await self.run(room_id, c.ResumeRecording(self._ids.recording()))
        live.engine.bring_in_step(live.room)

    async def tell_again(self, room_id: RoomId) -> None:
        """The chat is told of the room's start and end, as far as it was not."""
        await self._aftermath.again(await self._journal.load(room_id))
