"""Live rooms and the recordings they leave, with everything they stand on."""

from dataclasses import dataclass
from datetime import timedelta

from palabre.adapters.chat_gate import ChatGate, RoomMessages
from palabre.adapters.files import FileBlobs
from palabre.adapters.system import SystemClock, SystemIds
from palabre.bootstrap.stores import Stores
from palabre.chats.directory import Directory
from palabre.config import Settings
from palabre.media.engine import Engine, EngineMedia
from palabre.media.pump import EnginePump
from palabre.recording.delivery import Delivery, Summarise
from palabre.rooms.aftermath import Aftermath
from palabre.rooms.hints import ChatTopics
from palabre.rooms.journal import Journal
from palabre.rooms.keeper import Keeper
from palabre.rooms.live import LiveRooms
from palabre.rooms.options import RoomOptions
from palabre.rooms.reactions import Reactions
from palabre.rooms.runner import Runner
from palabre.rooms.service import RoomService
from palabre.rooms.tickets import TicketOffice


@dataclass(frozen=True, slots=True)
class Media:
    """The engine as this process runs it. `ticket_key`: the 32 bytes with which it checks tickets."""

    engine: Engine
    edge_port: int
    ticket_key: bytes
    summarise: Summarise


@dataclass(frozen=True, slots=True)
class Base:
    """What rooms are built on."""

    settings: Settings
    media: Media
    stores: Stores
    clock: SystemClock
    ids: SystemIds
    blobs: FileBlobs
    directory: Directory


@dataclass(frozen=True, slots=True)
class RoomParts:
    """What others use of live rooms, and the three tasks that keep them alive."""

    service: RoomService
    live: LiveRooms
    tickets: TicketOffice
    topics: ChatTopics
    runner: Runner
    keeper: Keeper
    pump: EnginePump
    delivery: Delivery


def build_rooms(base: Base) -> RoomParts:
    """Every part once, from below to above."""
    clock, ids, stores, options = base.clock, base.ids, base.stores, _options(base.settings)
    media = EngineMedia(base.media.engine)
    topics = ChatTopics(media, first_version=int(clock.now().timestamp()))
    rooms = LiveRooms(media, media, options)
    chat_log = RoomMessages(stores.messages, stores.chats, topics, ids)
    runner = Runner(
        journal=Journal(stores.rooms),
        rooms=rooms,
        aftermath=Aftermath(chat_log=chat_log, hints=topics, recordings=stores.recordings),
        clock=clock,
        ids=ids,
        options=options,
    )
    tickets = TicketOffice(base.media.ticket_key, clock, ids)
    service = RoomService(
        runner=runner,
        store=stores.rooms,
        chats=ChatGate(base.directory, stores.chats),
        rooms=rooms,
        tickets=tickets,
        clock=clock,
        ids=ids,
        options=options,
    )
    delivery = Delivery(
        folder=options.recordings,
        summarise=base.media.summarise,
        recordings=stores.recordings,
        blobs=base.blobs,
        chat_log=chat_log,
        runner=runner,
        clock=clock,
    )
    keeper = Keeper(runner, rooms, topics, clock, options)
    pump = EnginePump(base.media.engine, Reactions(runner, rooms, topics, clock), delivery)
    return RoomParts(service, rooms, tickets, topics, runner, keeper, pump, delivery)


def room_counters(media: Media, rooms: LiveRooms) -> dict[str, float]:
    """The engine's numbers, and how many rooms and people there are."""
    engine = {f"palabre_{name}": value for name, value in media.engine.metrics().items()}
    people = sum(len(live.room.participants) for live in rooms)
    return engine | {"palabre_live_rooms": len(rooms), "palabre_participants": people}


def _options(settings: Settings) -> RoomOptions:
    return RoomOptions(
        recordings=settings.data / "recordings",
        capacity=settings.limits.participants,
        live_rooms=settings.limits.live_rooms,
        empty_end=timedelta(seconds=settings.empty_room_s),
    )
