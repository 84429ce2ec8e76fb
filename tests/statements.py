"""What PostgreSQL is asked, and how many rows it reads for the answer, seen on the connection itself."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from asyncpg.connection import LoggedQuery

from crm_core.kernel.db import Connection, Database

_FRAME = ("BEGIN", "COMMIT")
_TYPES = (
    "current_setting('jit')",
    "set_config('jit'",
    "typeinfo_tree",
)  # asyncpg meets an array type, once a connection


@asynccontextmanager
async def logged(db: Database) -> AsyncIterator[list[LoggedQuery]]:
    """The statements inside the block, without BEGIN, COMMIT and what asyncpg asks for itself.

    Only for a pool that holds one connection.
    """
    assert db.pool.get_max_size() == 1
    found: list[LoggedQuery] = []

    def note(query: LoggedQuery) -> None:
        if not query.query.startswith(_FRAME) and not any(word in query.query for word in _TYPES):
            found.append(query)

    async with db.connection() as conn:
        conn.add_query_logger(note)
    try:
        yield found
    finally:
        async with db.connection() as conn:
            conn.remove_query_logger(note)


async def rows_read(db: Database, asked: list[LoggedQuery]) -> int:
    """By the statements that only read, each run once more: whatever was found and thrown away again counts too."""
    async with db.connection() as conn:
        return sum([await _rows_of(conn, one) for one in asked if one.query.lstrip().startswith(("SELECT", "WITH"))])


async def _rows_of(conn: Connection, one: LoggedQuery) -> int:
    (top,) = await conn.fetchval("EXPLAIN (ANALYZE, FORMAT JSON) " + one.query, *one.args)
    return round(sum(_read(node) for node in _nodes(top["Plan"])))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _read(node: dict[str, Any]) -> float:
    if "Relation Name" not in node and "Index Name" not in node:
        return 0
    dropped = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return float((node["Actual Rows"] + dropped) * node["Actual Loops"])
