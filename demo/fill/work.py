"""Fills a hospital: everything in one transaction, so that a fill that breaks off leaves nothing behind."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from random import Random

import asyncpg

from crm_core.kernel.errors import HcrmError
from demo.fill.names import names

SQL = Path(__file__).parent / "sql"
BASE = SQL / "00_base.sql"
SEED = 4000
NAMES = 50_000
LOCK = 4_000_002
SPACE = "SET LOCAL maintenance_work_mem = '512MB'; SET LOCAL work_mem = '128MB'"
BARE = (
    "SET LOCAL session_replication_role = replica"  # no triggers, no look at foreign keys: the rows are right as made
)
INDEXES = """
SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY ($1::regclass[]) AND NOT i.indisunique AND NOT i.indisexclusion AND NOT EXISTS (
    SELECT FROM pg_inherits WHERE inhrelid = i.indexrelid) AND c.relkind = 'i'
"""
IDENTITIES = """
SELECT table_name AS name FROM information_schema.columns
WHERE table_schema = 'public' AND column_name = 'id' AND is_identity = 'YES' AND table_name = ANY ($1)
"""

Say = Callable[[str, int, int], None]  # what is done now, steps done, steps in all


class NotForThisHospitalError(HcrmError):
    """It is filled already, or it may be a real one."""

    code = "not_for_this_hospital"


async def fill(url: str, patients: int, *, now: datetime, say: Say) -> dict[str, int]:
    """Rows by table. `url` is the owner's: indexes are made anew. Raises NotForThisHospitalError."""
    conn = await asyncpg.connect(url, command_timeout=None)
    try:
        async with conn.transaction():
            await conn.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            await _refuse(conn)
            made = await _fill(conn, patients, now, say)
        say("statistics", 1, 1)
        await conn.execute("VACUUM ANALYZE")
        return made
    finally:
        await conn.close()


async def _refuse(conn: asyncpg.Connection) -> None:
    """The demo's first patient is the demo's own; whoever was registered first in a real hospital is not."""
    if await conn.fetchval("SELECT EXISTS (SELECT FROM patient WHERE created_by = 'fill')"):
        raise NotForThisHospitalError("this hospital is filled already")
    if await conn.fetchval("SELECT created_by <> 'demo' FROM patient ORDER BY id LIMIT 1"):
        raise NotForThisHospitalError("this is no demo hospital: it has patients of its own")


async def _fill(conn: asyncpg.Connection, patients: int, now: datetime, say: Say) -> dict[str, int]:
    await _prepare(conn, patients, now)
    files = sorted(path for path in SQL.glob("*.sql") if path != BASE)
    tables = [_table(file) for file in files]
    indexes = await conn.fetch(INDEXES, tables)
    for index in indexes:
        await conn.execute(f'DROP INDEX "{index["name"]}"')
    made: dict[str, int] = {}
    for done, (file, table) in enumerate(zip(files, tables, strict=True)):
        say(table, done, len(files))
        made[table] = int((await conn.execute(file.read_text("utf-8"))).rpartition(" ")[2])
        await conn.execute(f"ANALYZE {table}")
    for index in indexes:
        say(f"index {index['name']}", len(files), len(files))
        await conn.execute(index["definition"])
    await _count_on(conn, tables)
    return made


def _table(file: Path) -> str:
    """03_app_user.sql fills app_user."""
    return file.stem.partition("_")[2]


async def _prepare(conn: asyncpg.Connection, patients: int, now: datetime) -> None:
    await conn.execute(SPACE)
    if await conn.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        await conn.execute(BARE)
    await conn.execute(BASE.read_text("utf-8"))
    await conn.execute("UPDATE base SET patients = $1, now = $2", patients, now)
    drawn = await asyncio.to_thread(names, Random(SEED), NAMES)
    await conn.copy_records_to_table("fill_name", records=drawn)
    await conn.execute("ANALYZE fill_name")


async def _count_on(conn: asyncpg.Connection, tables: Sequence[str]) -> None:
    """Whoever writes next gets the next id."""
    for row in await conn.fetch(IDENTITIES, tables):
        name = row["name"]
        highest = f"(SELECT max(id) FROM {name})"  # noqa: S608
        await conn.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), {highest})")
