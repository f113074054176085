"""Run migrations on the connection that GENESIS hands over, or on a database named with -x."""

from __future__ import annotations

from pathlib import Path

from alembic import context
from sqlalchemy import Connection

from genesis.storage.engine import writer_engine
from genesis.storage.tables import metadata


def migrate(connection: Connection) -> None:
    # The caller's transaction holds everything: a migration happens whole or not at all.
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


connection = context.config.attributes.get("connection")
if connection is not None:
    migrate(connection)
else:
    database = context.get_x_argument(as_dictionary=True).get("database")
    if not database:
        raise SystemExit("name a database: alembic -x database=PATH ...")
    with writer_engine(Path(database)).begin() as own_connection:
        migrate(own_connection)
