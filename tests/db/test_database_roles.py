"""The server's role can write rows and nothing else; what it wrote into the audit it cannot take back."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from crm_core.kernel import audit, audit_chain
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database
from crm_core.migrations import grants
from tests.databases import run_as_owner

pytestmark = pytest.mark.db


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """As the server connects."""
    conn = await asyncpg.connect(database_url)
    yield conn
    await conn.close()


async def test_the_role_that_serves_has_no_power_over_the_database(app: asyncpg.Connection) -> None:
    row = await app.fetchrow(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles "
        "WHERE rolname = current_user"
    )
    assert row
    assert not any(row)
    owned = "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
    assert await app.fetchval(owned) == 0


@pytest.mark.parametrize(
    "forbidden",
    [
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "INSERT INTO audit (at, actor_kind, actor, action, subject, outcome) VALUES (now(), 'user', '', '', '', '')",
        "DELETE FROM audit_parts.audit_first",
        "INSERT INTO audit_seal (n, ids, rows, upto, hash) VALUES (1, '{}', 0, 0, '')",
        "DELETE FROM audit_gap",
        "ALTER TABLE audit DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "DROP TABLE patient",
        "CREATE TABLE public.mine (n int)",
        "TRUNCATE patient",
        "UPDATE alembic_version SET version_num = '0001'",
    ],
)
async def test_what_the_server_may_not_do_is_refused(app: asyncpg.Connection, forbidden: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute(forbidden)


async def test_the_server_writes_seals_and_verifies_the_audit(database: Database) -> None:
    async with database.transaction(SYSTEM) as tx:
        await audit.record(tx, "read patient", "patient", 1)
    assert await audit_chain.seal(database) == 1
    assert (await audit_chain.verify(database)).is_whole


async def test_a_table_that_a_later_release_makes_can_be_written(owner_url: str, app: asyncpg.Connection) -> None:
    await run_as_owner(owner_url, "CREATE TABLE of_a_later_release (id bigserial PRIMARY KEY, name text)")
    assert await app.fetchval("INSERT INTO of_a_later_release (name) VALUES ('x') RETURNING id") == 1
    await app.execute("DELETE FROM of_a_later_release")


async def test_one_role_for_everything_still_works(owner_url: str) -> None:
    """An external PostgreSQL with one URL, as before there were two."""
    role = urlsplit(owner_url).username
    assert role
    await asyncio.to_thread(grants.allow, owner_url, role)
    conn = await asyncpg.connect(owner_url)
    try:
        assert await conn.fetchval("SELECT has_table_privilege('audit', 'INSERT')")
    finally:
        await conn.close()
