"""What PostgreSQL is asked, counted on the connection itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asyncpg.connection import LoggedQuery

from crm_core.kernel.db import Database

_FRAME = ("BEGIN", "COMMIT")
_TYPES = (
    "current_setting('jit')",
    "set_config('jit'",
    "typeinfo_tree",
)  # asyncpg meets an array type, once a connection


@asynccontextmanager
async def asked(db: Database) -> AsyncIterator[list[str]]:
    """The statements inside the block, without BEGIN, COMMIT and what asyncpg asks for itself.

    Only for a pool that holds one connection.
    """
    assert db.pool.get_max_size() == 1
    found: list[str] = []

    def note(query: LoggedQuery) -> None:
        if not query.query.startswith(_FRAME) and not any(word in query.query for word in _TYPES):
            found.append(" ".join(query.query.split()))

    async with db.connection() as conn:
        conn.add_query_logger(note)
    try:
        yield found
    finally:
        async with db.connection() as conn:
            conn.remove_query_logger(note)
