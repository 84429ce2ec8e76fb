"""What every tier shares: a tier mark on every module, a fresh database for every test."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator

import asyncpg
import hypothesis
import pytest

from crm_core import migrations
from crm_core.kernel.db import Database, open_database

hypothesis.settings.register_profile("hcrm", deadline=None)  # a busy machine is no fault of the code
hypothesis.settings.load_profile("hcrm")

TIERS = {"unit", "db", "asterisk", "modem", "web", "browser"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test says which tier it is in; one without is an error, not a surprise."""
    for item in items:
        tiers = {mark.name for mark in item.iter_markers()} & TIERS
        if len(tiers) != 1:
            raise pytest.UsageError(
                f"{item.nodeid} must declare exactly one tier of {sorted(TIERS)}, has {sorted(tiers)}"
            )


def _with_database(server_url: str, name: str) -> str:
    return f"{server_url.rsplit('/', 1)[0]}/{name}"


async def _run_sql(url: str, *statements: str) -> None:
    conn = await asyncpg.connect(url)
    try:
        for statement in statements:
            await conn.execute(statement)
    finally:
        await conn.close()


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """The PostgreSQL server of this run; its database `postgres`."""
    url = os.environ.get("HCRM_TEST_POSTGRES_URL")
    if not url:
        pytest.fail("no PostgreSQL for the tests: run them by `make test` (ARGS=... for some)", pytrace=False)
    return url


@pytest.fixture(scope="session")
def template_database(postgres_url: str) -> Iterator[str]:
    """A migrated database that the others are cloned from."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    asyncio.run(_run_sql(postgres_url, f"CREATE DATABASE {name}"))
    migrations.upgrade(_with_database(postgres_url, name))
    yield name
    asyncio.run(_run_sql(postgres_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@pytest.fixture
async def database_url(postgres_url: str, template_database: str) -> AsyncIterator[str]:
    """A fresh database with this release's schema, dropped after the test."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    await _run_sql(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template_database} STRATEGY file_copy")
    yield _with_database(postgres_url, name)
    await _run_sql(postgres_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
async def empty_database_url(postgres_url: str) -> AsyncIterator[str]:
    """A fresh database without a schema, dropped after the test."""
    name = f"empty_{uuid.uuid4().hex[:12]}"
    await _run_sql(postgres_url, f"CREATE DATABASE {name}")
    yield _with_database(postgres_url, name)
    await _run_sql(postgres_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Services' database without reactions; a test that wants some opens its own."""
    async with open_database(database_url) as database:
        yield database
