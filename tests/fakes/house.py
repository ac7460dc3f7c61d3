"""The whole of `rooms` and `recording` over the fakes, and a restart of it."""

from collections.abc import Callable
from pathlib import Path

from palabre.domain.ids import AccountId, ParticipantId, RoomId
from palabre.domain.personas import PersonaKind, PersonaRef, chosen
from palabre.domain.room.participant import Participant
from palabre.domain.room.state import Actor, Room
from palabre.media.engine import EngineMedia
from palabre.recording.delivery import Delivery
from palabre.rooms.aftermath import Aftermath
from palabre.rooms.hints import ChatTopics
from palabre.rooms.journal import Journal
from palabre.rooms.keeper import Keeper
from palabre.rooms.live import LiveRooms
from palabre.rooms.media_events import Connected, Disconnected, Door
from palabre.rooms.options import RoomOptions
from palabre.rooms.reactions import Reactions
from palabre.rooms.recovery import reopen_rooms
from palabre.rooms.runner import Runner
from palabre.rooms.service import Entry, RoomService
from palabre.rooms.tickets import TicketOffice
from tests.fakes.chats import CHAT, MemoryChatLog, OneChat
from tests.fakes.machine import CountingIds, StillClock
from tests.fakes.media import ScriptedMedia
from tests.fakes.stores import MemoryBlobs, MemoryRecordings, MemoryRooms

TICKET_KEY = bytes(range(32))


class House:
    """What lives through a restart (stores, chat, clock) and what `boot` makes anew (everything else)."""

    def __init__(self, folder: Path, *, live_rooms: int = 10) -> None:
        self.folder = folder
        self.options = RoomOptions(recordings=folder, capacity=5, live_rooms=live_rooms)
        self.store = MemoryRooms()
        self.recordings = MemoryRecordings()
        self.blobs = MemoryBlobs()
        self.chat = OneChat()
        self.chat_log = MemoryChatLog()
        self.store.told = self.chat_log.lines
        self.clock = StillClock()
        self.ids = CountingIds()
        self.summaries: Callable[[Path], tuple[int, bytes]] = lambda path: (1500, bytes([7] * 100))
        self.boot()

    def boot(self, media: EngineMedia | None = None) -> None:
        """A new process over the same stores, with an engine that knows nothing: scripted, or a real one."""
        self.media = ScriptedMedia() if media is None else media
        self.topics = ChatTopics(self.media)
        self.live = LiveRooms(self.media, self.media, self.options)
        aftermath = Aftermath(chat_log=self.chat_log, hints=self.topics, recordings=self.recordings)
        self.runner = Runner(
            journal=Journal(self.store),
            rooms=self.live,
            aftermath=aftermath,
            clock=self.clock,
            ids=self.ids,
            options=self.options,
        )
        self.tickets = TicketOffice(TICKET_KEY, self.clock, self.ids)
        self.rooms = RoomService(
            runner=self.runner,
            store=self.store,
            chats=self.chat,
            rooms=self.live,
            tickets=self.tickets,
            clock=self.clock,
            ids=self.ids,
            options=self.options,
        )
        self.reactions = Reactions(self.runner, self.live, self.topics, self.clock)
        self.keeper = Keeper(self.runner, self.live, self.topics, self.clock, self.options)
        self.delivery = Delivery(
            folder=self.folder,
            summarise=lambda path: self.summaries(path),
            recordings=self.recordings,
            blobs=self.blobs,
            chat_log=self.chat_log,
            runner=self.runner,
            clock=self.clock,
        )

    async def restart(self) -> None:
        """`kill -9`, then a start."""
        self.boot()
        await self.delivery.recover()
        await reopen_rooms(self.store, self.runner)

    # ── words for tests ──────────────────────────────────────────────────────────────────────────

    async def start(self, by: AccountId) -> RoomId:
        return (await self.rooms.start(by, CHAT)).id

    async def join(self, account: AccountId, room: RoomId, *, masked: bool = False, **how: bool) -> Entry:
        name = account.removeprefix("acc_")
        mask = PersonaRef(PersonaKind.CHANNEL, f"chat_{name}")
        persona = mask if masked else PersonaRef(PersonaKind.ACCOUNT, account)
        by = await self.chat.actor(CHAT, account)
        mine = chosen(await self.chat.personas(CHAT, account), persona)
        return await self.rooms.join(by, await self.rooms.load(room), mine, **how)

    async def act(self, account: AccountId, room: RoomId, command: type, *words: object) -> Room:
        def wish(by: Actor):
            return command(by, *words)

        return await self.rooms.act(account, room, wish)

    async def opens(self, room: RoomId, who: ParticipantId, door: Door) -> None:
        await self.reactions.handle(Connected(room, who, door))

    async def closes(self, room: RoomId, who: ParticipantId, door: Door) -> None:
        await self.reactions.handle(Disconnected(room, who, door, "closed"))

    async def passes(self, seconds: float) -> None:
        """Time passes, and the keeper looks once."""
        self.clock.advance(seconds)
        await self.keeper.sweep()

    async def of(self, account: AccountId, room: RoomId) -> Participant | None:
        return (await self.runner.load(room)).of(account)
