"""An index is built while the hospital works, and what broke off is made anew."""

import asyncio
import sys
from pathlib import Path

import asyncpg
import pytest
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from sqlalchemy.exc import IntegrityError

from crm_core import migrations
from tests.eventually import eventually

pytestmark = pytest.mark.db

BUILD = """
from crm_core.migrations import steps

revision = "0001"
down_revision = None


def upgrade() -> None:
    steps.build_index("walk_in_number", "walk_in (number)", unique=True)
"""


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """One migration, which builds an index."""
    (tmp_path / "v0001_index.py").write_text(BUILD)
    return tmp_path


async def is_valid(conn: asyncpg.Connection) -> bool | None:
    """None: there is no such index."""
    rows = await conn.fetch("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('walk_in_number')")
    return bool(rows[0]["indisvalid"]) if rows else None


async def is_begun(conn: asyncpg.Connection) -> bool:
    return await is_valid(conn) is not None


async def migrate_elsewhere(url: str, versions: Path) -> int:
    """The exit code of another process that migrates."""
    order = "import sys, pathlib, crm_core.migrations as m; m.upgrade(sys.argv[1], versions=pathlib.Path(sys.argv[2]))"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", order, url, str(versions))
    return await process.wait()


async def test_rows_are_written_while_an_index_is_built(empty_database_url: str, versions: Path) -> None:
    clerk, witness = [await asyncpg.connect(empty_database_url) for _ in range(2)]
    try:
        await witness.execute("CREATE TABLE walk_in (number int)")
        open_work = clerk.transaction()
        await open_work.start()
        await clerk.execute("INSERT INTO walk_in VALUES (1)")  # the build waits for whoever began before it
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.to_thread(migrations.upgrade, empty_database_url, versions=versions))
            await eventually(lambda: is_begun(witness))
            await witness.execute("INSERT INTO walk_in VALUES (2)", timeout=2)
            await open_work.commit()
        assert await is_valid(witness)
    finally:
        await clerk.close()
        await witness.close()


async def test_an_index_that_broke_off_is_built_anew(empty_database_url: str, versions: Path) -> None:
    conn = await asyncpg.connect(empty_database_url)
    try:
        await conn.execute("CREATE TABLE walk_in (number int); INSERT INTO walk_in VALUES (1), (1)")
        with pytest.raises(IntegrityError):
            await asyncio.to_thread(migrations.upgrade, empty_database_url, versions=versions)
        assert await is_valid(conn) is False
        await conn.execute("UPDATE walk_in SET number = 2 WHERE ctid = '(0,1)'")
        await asyncio.to_thread(migrations.upgrade, empty_database_url, versions=versions)
        assert await is_valid(conn)
    finally:
        await conn.close()


async def test_two_that_migrate_at_once_do_not_wait_for_each_other_for_ever(
    empty_database_url: str, versions: Path
) -> None:
    conn = await asyncpg.connect(empty_database_url)
    try:
        await conn.execute("CREATE TABLE walk_in (number int)")
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            machines = [group.create_task(migrate_elsewhere(empty_database_url, versions)) for _ in range(3)]
        assert [machine.result() for machine in machines] == [0, 0, 0]
        assert await is_valid(conn)
    finally:
        await conn.close()


def statements(sql: str) -> str:
    return "\n".join(line for line in sql.splitlines() if not line.startswith("--")).strip()


def test_the_installed_pgqueuer_wants_the_tables_we_make() -> None:
    """When this fails a newer pgqueuer came: its change is a new migration, 0001 stays as it is."""
    ours = (migrations.VERSIONS / "0001_pgqueuer.sql").read_text("utf-8")
    assert statements(ours) == statements(QueryBuilderEnvironment().build_install_query())
