"""Puts the parts together: the only place that knows which adapter stands behind which port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from palabre.accounts.ports import Passwords
from palabre.accounts.service import Accounts
from palabre.adapters.files import FileBlobs
from palabre.adapters.passwords import Argon2Passwords
from palabre.adapters.process import process_counters
from palabre.adapters.sql.database import Database
from palabre.adapters.sql.migrate import migrate
from palabre.adapters.system import SystemClock, SystemIds
from palabre.api.ports import Services
from palabre.bootstrap.rooms import Base, Media, RoomParts, build_rooms, room_counters
from palabre.bootstrap.stores import Stores
from palabre.chats.conversation import Conversation
from palabre.chats.directory import Directory
from palabre.chats.membership import Membership
from palabre.chats.personas import Masks
from palabre.config import Settings
from palabre.rooms.recovery import reopen_rooms

__all__ = ["Media", "running"]

log = structlog.get_logger(__name__)


@asynccontextmanager
async def running(
    settings: Settings, media: Media, passwords: Passwords | None = None
) -> AsyncIterator[Services]:
    """The services: the database brought up to date, live rooms live again, their tasks at work.

    A task that crashes ends the whole: better a restart than a server that has stopped following its rooms.
    """
    database = Database.open(settings.database_url, settings.data)
    try:
        await migrate(database)
        base = _base(settings, media, Stores.over(database))
        rooms = build_rooms(base)
        # Recordings first: a room that is live again begins a new file.
        await rooms.delivery.recover()
        log.info("live rooms are live again", rooms=await reopen_rooms(base.stores.rooms, rooms.runner))
        async with _at_work(rooms):
            yield _services(base, rooms, passwords or Argon2Passwords())
    finally:
        await database.close()


@asynccontextmanager
async def _at_work(rooms: RoomParts) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(rooms.keeper.run()),
            group.create_task(rooms.pump.run()),
            group.create_task(rooms.delivery.run()),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


def _base(settings: Settings, media: Media, stores: Stores) -> Base:
    clock, ids = SystemClock(), SystemIds()
    most = settings.limits.chats_per_account
    return Base(
        settings=settings,
        media=media,
        stores=stores,
        clock=clock,
        ids=ids,
        blobs=FileBlobs(settings.data / "blobs"),
        directory=Directory(stores.chats, clock=clock, ids=ids, chats_per_account=most),
    )


def _services(base: Base, rooms: RoomParts, passwords: Passwords) -> Services:
    stores, clock, ids = base.stores, base.clock, base.ids
    return Services(
        settings=base.settings,
        clock=clock,
        ids=ids,
        accounts=_accounts(base, passwords),
        entrances=stores.entrances,
        directory=base.directory,
        membership=Membership(
            stores.chats, stores.members, stores.invites, rooms.service, clock=clock, ids=ids
        ),
        conversation=Conversation(stores.messages, rooms.topics, clock=clock, ids=ids),
        masks=Masks(stores.chats, stores.choices),
        rooms=rooms.service,
        tickets=rooms.tickets,
        blobs=base.blobs,
        answers=stores.answers,
        edge_port=base.media.edge_port,
        counters=lambda: room_counters(base.media, rooms.live) | process_counters(),
    )


def _accounts(base: Base, passwords: Passwords) -> Accounts:
    return Accounts(
        base.stores.accounts,
        base.stores.sessions,
        passwords,
        clock=base.clock,
        ids=base.ids,
        session_length=timedelta(days=base.settings.session_days),
    )
