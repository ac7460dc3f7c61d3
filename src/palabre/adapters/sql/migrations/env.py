"""What Alembic runs: on the connection the program gives it."""

from alembic import context

from palabre.adapters.sql.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
