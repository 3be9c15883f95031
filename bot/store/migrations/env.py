"""What alembic runs: the migrations on the connection that `bot.store.migrate` opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import context

from bot.store.columns import metadata
from bot.store.dialect import only_one_at_a_time

if TYPE_CHECKING:
    from sqlalchemy import Connection

connection: Connection = context.config.attributes["connection"]
only_one_at_a_time(connection, b"migrate!")
context.configure(
    connection=connection,
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite can, as we say BEGIN ourselves: a broken migration leaves nothing
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
