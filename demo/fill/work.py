"""Fills a hospital: everything in one transaction, so that a fill that breaks off leaves nothing behind."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random

import asyncpg

from demo.fill import steps
from demo.fill.names import names
from demo.fill.steps import STEPS, Step

SEED = 4000
NAMES = 50_000
LOCK = 4_000_002
SPACE = "SET LOCAL maintenance_work_mem = '512MB'; SET LOCAL work_mem = '128MB'"
BARE = "SET LOCAL session_replication_role = replica"  # no triggers, no look at foreign keys: the rows are right as made
INDEXES = """
SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY ($1::regclass[]) AND NOT i.indisunique AND NOT EXISTS (
    SELECT FROM pg_inherits WHERE inhrelid = i.indexrelid) AND c.relkind = 'i'
"""
IDENTITIES = """
SELECT table_name AS name FROM information_schema.columns
WHERE table_schema = 'public' AND column_name = 'id' AND is_identity = 'YES' AND table_name = ANY ($1)
"""

Say = Callable[[str, int, int], None]  # what is done now, steps done, steps in all


class AlreadyFilledError(Exception):
    """There are filled patients; a second fill would be the same people again."""


async def fill(url: str, patients: int, *, now: datetime, say: Say) -> dict[str, int]:
    """Rows by table. `url` is the owner's: indexes are made anew. Raises AlreadyFilledError."""
    conn = await asyncpg.connect(url, command_timeout=None)
    try:
        async with conn.transaction():
            await conn.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            if await conn.fetchval("SELECT EXISTS (SELECT FROM patient WHERE created_by = 'fill')"):
                raise AlreadyFilledError
            made = await _fill(conn, patients, now, say)
        say("statistics", len(STEPS), len(STEPS))
        await conn.execute("VACUUM ANALYZE")
        return made
    finally:
        await conn.close()


async def _fill(conn: asyncpg.Connection, patients: int, now: datetime, say: Say) -> dict[str, int]:
    await _prepare(conn)
    tables = list(dict.fromkeys(step.table for step in STEPS))
    indexes = await conn.fetch(INDEXES, tables)
    for index in indexes:
        await conn.execute(f'DROP INDEX "{index["name"]}"')
    made = await _rows(conn, STEPS, patients, now, say)
    for index in indexes:
        say(f"index {index['name']}", len(STEPS), len(STEPS))
        await conn.execute(index["definition"])
    for row in await conn.fetch(IDENTITIES, tables):
        name = row["name"]
        await conn.execute(
            f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"  # noqa: S608
        )
    return made


async def _prepare(conn: asyncpg.Connection) -> None:
    await conn.execute(SPACE)
    if await conn.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        await conn.execute(BARE)
    await conn.execute(steps.HASH)
    await conn.execute(steps.BASE)
    await conn.execute("CREATE TEMP TABLE fill_name (n int PRIMARY KEY, name text, search text) ON COMMIT DROP")
    drawn = await asyncio.to_thread(names, Random(SEED), NAMES)
    await conn.copy_records_to_table("fill_name", records=drawn)
    await conn.execute("ANALYZE fill_name")


async def _rows(
    conn: asyncpg.Connection, todo: Sequence[Step], patients: int, now: datetime, say: Say
) -> dict[str, int]:
    made: dict[str, int] = {}
    for done, step in enumerate(todo):
        say(f"{step.table}: about {round(step.per_patient * patients):,} rows", done, len(todo))
        status = await conn.execute(step.sql, patients, now)
        made[step.table] = made.get(step.table, 0) + int(status.rpartition(" ")[2])
        await conn.execute(f"ANALYZE {step.table}")
    return made
