"""The migrations make the tables the program knows, and running them again changes nothing."""

from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from palabre.adapters.sql.database import Database
from palabre.adapters.sql.migrate import alembic_config, migrate
from palabre.adapters.sql.tables import metadata
from palabre.bootstrap.stores import Stores
from palabre.domain.ids import RoomId
from palabre.rooms.ports import StateRecord


async def test_a_migrated_database_has_the_programs_tables(database: Database) -> None:
    await migrate(database)

    def differences(connection: Connection) -> Any:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with database.write() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_rooms_state_that_was_kept_beside_its_version_is_still_its_state(untouched: Database) -> None:
    def up_to_the_first(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")

    async with untouched.write() as connection:
        await connection.run_sync(up_to_the_first)
        await connection.execute(text(_CHAT))
        await connection.execute(text(_ROOMS), {"quoted": '{"title": "Friday"}'})
    await migrate(untouched)
    rooms = Stores.over(untouched).rooms
    with_state, without = await rooms.load(RoomId("room_1")), await rooms.load(RoomId("room_2"))
    assert with_state is not None
    assert with_state.state == StateRecord(7, '{"title": "Friday"}')
    assert without is not None
    assert without.state is None


_CHAT = """
    INSERT INTO chats (id, kind, title, visibility, description, created_at, active_at, last_seq)
    VALUES ('chat_1', 'group', 'Radio', 'private', '', '2026-11-21 05:00:00', '2026-11-21 05:00:00', 0)
"""
_ROOMS = """
    INSERT INTO rooms (id, chat_id, live, version, state_version, state)
    VALUES ('room_1', 'chat_1', false, 8, 7, :quoted), ('room_2', 'chat_1', true, 1, 0, NULL)
"""
