"""The tables. A change here needs a migration beside it; a test compares the two."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB


class UtcTime(TypeDecorator[datetime]):
    """An aware time in UTC. SQLite keeps no zone: it is put back when read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC, so that SQLite's text sorts as the times do."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """As it was written."""
        return value if value is None else value.replace(tzinfo=value.tzinfo or UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        """The same. What SQLite keeps as text is read with its zone: putting that back takes five times as long."""
        return _read_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _read_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(f"{value}+00:00")


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Id = String(40)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("handle", String(32), nullable=False, unique=True),
    Column("display_name", String(64), nullable=False),
    Column("bio", String(280), nullable=False),
    Column("locale", String(40), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
)

chats = Table(
    "chats",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("title", String(64), nullable=False),
    Column("handle", String(32), unique=True),
    Column("visibility", String(16), nullable=False),
    Column("description", String(280), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("active_at", UtcTime, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
)

members = Table(
    "members",
    metadata,
    Column("chat_id", ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("owner", Boolean, nullable=False),
    Column("rights", Json, nullable=False),
    Column("joined_at", UtcTime, nullable=False),
    Index(None, "account_id", "owner"),
    Index(None, "chat_id", "joined_at"),
)

invite_links = Table(
    "invite_links",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("chat_id", ForeignKey("chats.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("max_uses", Integer),
    Column("uses", Integer, nullable=False),
    Column("revoked", Boolean, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("chat_id", ForeignKey("chats.id", ondelete="CASCADE"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("sent_at", UtcTime, nullable=False),
    Column("author", Json),
    Column("kind", String(16), nullable=False),
    Column("body", Json, nullable=False),
    # What the message is about, for those that must not be written twice.
    Column("once", String(80), unique=True),
    UniqueConstraint("chat_id", "seq"),
)

persona_choices = Table(
    "persona_choices",
    metadata,
    Column("chat_id", ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("persona_kind", String(16), nullable=False),
    Column("persona_id", Id, nullable=False),
)

rooms = Table(
    "rooms",
    metadata,
    Column("id", Id, primary_key=True),
    Column("chat_id", ForeignKey("chats.id", ondelete="CASCADE"), nullable=False),
    Column("live", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
    # One live room per chat, whatever the processes do at the same moment.
    Index(
        "uq_rooms_live_chat",
        "chat_id",
        unique=True,
        sqlite_where=text("live"),
        postgresql_where=text("live"),
    ),
)

# Not beside the version: each step writes that row anew, and a state is as long as its room is full.
room_states = Table(
    "room_states",
    metadata,
    Column("room_id", ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
)

room_events = Table(
    "room_events",
    metadata,
    Column("room_id", ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("type", String(40), nullable=False),
    Column("data", Json, nullable=False),
)

recordings = Table(
    "recordings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("room_id", Id, nullable=False),
    Column("chat_id", Id, nullable=False),
    Column("starter", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("title", String(64), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("closed", Boolean, nullable=False, index=True),
)

answers = Table(
    "answers",
    metadata,
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("claimed_at", UtcTime, nullable=False, index=True),
    Column("status", Integer),
    Column("body", LargeBinary),
)
