"""What people may wish of rooms, each with the rights its account has in the chat at that moment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from palabre.domain.ids import AccountId, ChatId, Csrc, RoomId
from palabre.domain.personas import Persona
from palabre.domain.refusal import Code, Refused
from palabre.domain.room import commands as c
from palabre.domain.room.decide import start
from palabre.domain.room.page import Page, participants_page
from palabre.domain.room.participant import Participant
from palabre.domain.room.policy import joins_muted_at_first, need_inside
from palabre.domain.room.state import TITLE_MAX, Actor, Room
from palabre.domain.room.views import Viewer, viewer_of
from palabre.rooms.live import LiveRooms
from palabre.rooms.options import RoomOptions
from palabre.rooms.ports import Chats, Clock, Ids, RoomStore
from palabre.rooms.runner import Runner
from palabre.rooms.snapshots import Snapshots
from palabre.rooms.tickets import Ticket, TicketOffice

Wish = Callable[[Actor], c.Command]
"""Makes a command of who wishes it: `lambda by: Mute(by, who)`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The answer to a join: who you are in the room, the ticket for the edge's doors, what you see (JSON)."""

    room: Room
    participant: Participant
    ticket: Ticket
    snapshot: bytes


@dataclass(frozen=True, slots=True)
class Look:
    """A room as one account sees it, and what the account is in the room's chat."""

    room: Room
    viewer: Viewer
    by: Actor


@dataclass(frozen=True, slots=True)
class LiveBar:
    """What a chat shows while its room is live. `recent_speakers`: names of personas, newest first."""

    room: RoomId
    title: str
    started_at: datetime
    in_room: int
    recent_speakers: tuple[str, ...]


def look(room: Room, by: Actor) -> Look:
    """The room as an account may see it, inside or not."""
    inside = room.of(by.account)
    if inside is not None:
        return Look(room, viewer_of(inside), by)
    if by.manager:
        return Look(room, Viewer.MANAGER, by)
    return Look(room, Viewer.LISTENER if by.member else Viewer.GUEST, by)


class RoomService:
    """What people may wish of rooms. All methods raise Refused."""

    def __init__(
        self,
        *,
        runner: Runner,
        store: RoomStore,
        chats: Chats,
        rooms: LiveRooms,
        tickets: TicketOffice,
        clock: Clock,
        ids: Ids,
        options: RoomOptions,
    ) -> None:
        self._runner = runner
        self._store = store
        self._chats = chats
        self._rooms = rooms
        self._tickets = tickets
        self._clock = clock
        self._ids = ids
        self._options = options
        self._snapshots = Snapshots()

    async def start(
        self,
        account: AccountId,
        chat: ChatId,
        *,
        title: str = "",
        replace: bool = False,
        seed: str | None = None,
    ) -> Room:
        """A new live room. With `replace`, the chat's present room ends first.

        With a seed that was used before, the room it made.
        """
        by, name = await self._chats.actor(chat, account), self._ids.room(seed)
        if seed is not None and (made := await self._runner.find(name)) is not None:
            return made
        present = await self._store.live_room_of(chat)
        if present == name:
            return await self._runner.load(name)  # made at the same moment, by the same wish
        if present is not None and replace:
            await self._runner.run(present, c.EndRoom(by))
            present = None
        self._need_place_for_a_room()
        facts = await self._chats.facts(chat)
        command = c.StartRoom(
            by=by,
            room=name,
            chat=chat,
            title=title.strip() or facts.title[:TITLE_MAX],
            join_muted=joins_muted_at_first(facts.kind),
            capacity=self._options.capacity,
            live_room=present,
        )
        return await self._runner.begin(start(command, self._clock.now()))

    async def load(self, room_id: RoomId, newest: int | None = None) -> Room:
        """The room, live or ended; `newest` is its version, if that was asked already.

        Raises Refused(ROOM_NOT_FOUND).
        """
        return await self._runner.load(room_id, newest)

    async def join(self, by: Actor, room: Room, persona: Persona, *, take_over: bool = False) -> Entry:
        """Enters, or enters again. `take_over` cuts the sessions another device has, and tells it why."""
        self._runner.expect(room.id, by.account)
        command = c.Join(by, persona, self._ids.participant(), self._new_csrc(room))
        room = await self._runner.run(room.id, command)
        if not room.live:
            raise Refused(Code.ROOM_ENDED)  # by somebody's wish at the same moment
        if take_over:
            await self._runner.take_over(room.id, need_inside(room, by.account))
            room = await self._runner.load(room.id)
        participant = need_inside(room, by.account)
        ticket = self._tickets.for_room(room, participant)
        return Entry(room, participant, ticket, self._snapshots.of(room, viewer_of(participant)))

    async def act(self, account: AccountId, room_id: RoomId, wish: Wish) -> Room:
        """Carries out a wish with the rights the account has in the chat now."""
        room = await self._runner.load(room_id)
        by = await self._chats.actor(room.chat, account)
        return await self._runner.run(room_id, wish(by))

    async def rename(self, account: AccountId, room_id: RoomId, title: str) -> Room:
        """An empty title means the chat's name."""
        room = await self._runner.load(room_id)
        name = title.strip() or (await self._chats.facts(room.chat)).title[:TITLE_MAX]
        return await self.act(account, room_id, lambda by: c.ChangeTitle(by, name))

    def page(self, look: Look, *, cursor: str | None, query: str = "") -> Page:
        """One page of everyone in the room."""
        live = self._rooms.get(look.room.id)
        return participants_page(
            look.room,
            look.viewer,
            heard={} if live is None else live.heard,
            now=self._clock.now(),
            cursor=cursor,
            query=query,
        )

    async def live_bars(self, chats: Sequence[ChatId]) -> Mapping[ChatId, LiveBar]:
        """The bars of those chats that have a live room."""
        rooms = await self._store.live_rooms_of(chats)
        return {chat: await self._bar(room) for chat, room in rooms.items()}

    async def standing_changed(self, chat: ChatId, account: AccountId) -> None:
        """The chat gave or took rights; the room follows. Who may not see the chat any more has to go."""
        room_id = await self._store.live_room_of(chat)
        if room_id is None:
            return
        try:
            command: c.Command = c.ChangeStanding(await self._chats.actor(chat, account))
        except Refused as refusal:
            if refusal.code is not Code.CHAT_NOT_FOUND:
                raise
            command = c.Expel(account)
        await self._runner.run(room_id, command)

    async def expel(self, chat: ChatId, account: AccountId) -> None:
        """The chat dropped or banned the account."""
        room_id = await self._store.live_room_of(chat)
        if room_id is not None:
            await self._runner.run(room_id, c.Expel(account))

    async def _bar(self, room_id: RoomId) -> LiveBar:
        room = await self._runner.load(room_id)
        live = self._rooms.get(room_id)
        speakers = [] if live is None else live.recent_speakers(self._clock.now())
        names = tuple(speaker.persona.name for speaker in speakers)
        return LiveBar(room.id, room.title, room.started_at, len(room.participants), names)

    def _need_place_for_a_room(self) -> None:
        most = self._options.live_rooms
        if len(self._rooms) >= most:
            detail = f"This server holds {most} voice chats at a time. Wait until one ends."
            raise Refused(Code.SERVER_FULL, detail, limit={"live_rooms": most})

    def _new_csrc(self, room: Room) -> Csrc:
        while (csrc := self._ids.csrc()) in room.people.by_csrc:
            pass
        return csrc
