"""Brings a database to this program's tables."""

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from asyncpg.exceptions import PostgresError
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from palabre.adapters.sql.database import Database

SCRIPTS = "palabre.adapters.sql:migrations"


def alembic_config() -> Config:
    """Alembic's settings; the connection comes with `attributes`."""
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.set_main_option("path_separator", "os")
    return config


class DatabaseUnusable(Exception):
    """It does not answer, lets us not in, or is not ours; the message is one line."""


async def migrate(database: Database) -> None:
    """Runs the migrations that are missing, all in one transaction. Raises DatabaseUnusable."""
    try:
        async with database.write() as connection:
            await connection.run_sync(_upgrade)
    except (SQLAlchemyError, CommandError, PostgresError, OSError) as error:
        raise DatabaseUnusable(str(error).partition("\n")[0]) from error


def _upgrade(connection: Connection) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
