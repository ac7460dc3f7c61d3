"""The migrations make the tables the program knows, and running them again changes nothing."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from palabre.adapters.sql.database import Database
from palabre.adapters.sql.migrate import migrate
from palabre.adapters.sql.tables import metadata


async def test_a_migrated_database_has_the_programs_tables(database: Database) -> None:
    await migrate(database)

    def differences(connection: Connection) -> Any:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with database.write() as connection:
        assert await connection.run_sync(differences) == []
