"""Alembic's entry: one transaction per migration, under a lock and a lock timeout.

A migration may leave its transaction, for an index that is built while calls go on: see `crm_core.migrations.steps`.
"""

import time

from alembic import context
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

LOCK = 0x6863726D  # "hcrm"
LOCK_AGAIN_S = 0.2

_url: str = context.config.attributes["url"]
_engine = create_engine(
    _url.replace("postgresql://", "postgresql+psycopg://", 1).replace("postgres://", "postgresql+psycopg://", 1),
    poolclass=NullPool,
)


def _take_turns(connection: Connection) -> None:
    """Asks again and again: who waits inside `pg_advisory_lock` holds a snapshot, and the CREATE INDEX CONCURRENTLY of
    the process that has the lock would wait for that."""
    while not connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}).scalar():
        connection.rollback()
        time.sleep(LOCK_AGAIN_S)
    connection.commit()


with _engine.connect() as connection:
    _take_turns(connection)
    connection.execute(text("SET lock_timeout = '10s'"))
    connection.commit()
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
    connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
