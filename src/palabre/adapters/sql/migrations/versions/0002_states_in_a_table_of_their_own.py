"""States in a table of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A state is as long as its room is full: beside the version, each step of the room would write it anew."""
    op.create_table(
        "room_states",
        sa.Column("room_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_room_states_room_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room_id", name=op.f("pk_room_states")),
    )
    op.execute(
        "INSERT INTO room_states (room_id, version, data)"
        " SELECT id, state_version, CAST(state AS TEXT) FROM rooms WHERE state IS NOT NULL"
    )
    op.drop_column("rooms", "state")
    op.drop_column("rooms", "state_version")
