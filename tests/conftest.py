"""What every tier shares: a tier mark on every module, a clean database for every test, workers side by side."""

import os
from collections.abc import AsyncIterator, Iterator

import argon2
import hypothesis
import pytest
from argon2 import PasswordHasher
from xdist.remote import Producer
from xdist.scheduler.protocol import Scheduling

from crm_core.kernel import db
from crm_core.kernel.db import Database, open_database
from crm_core.users import passwords
from tests import databases, spread
from tests.acceptance.hospital import Hospital, running_hospital
from tests.databases import WorkerDatabase

hypothesis.settings.register_profile("hcrm", deadline=None)  # a busy machine is no fault of the code
hypothesis.settings.load_profile("hcrm")

db.POOL_WAIT_S = (
    60.0  # a deadline guards, it does not measure; two hundred people at once are patient on a busy machine
)
passwords.HASHER = PasswordHasher.from_parameters(argon2.profiles.CHEAPEST)  # a good one takes 0.1 s of two cores

TIERS = {"unit", "db", "asterisk", "modem", "web", "browser"}


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Which worker runs what."""
    return spread.Companies(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Every test says which tier it is in; one without is an error, not a surprise. What takes long comes first."""
    for item in items:
        tiers = {mark.name for mark in item.iter_markers()} & TIERS
        if len(tiers) != 1:
            raise pytest.UsageError(
                f"{item.nodeid} must declare exactly one tier of {sorted(TIERS)}, has {sorted(tiers)}"
            )
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: spread.rank(item.nodeid))


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """The PostgreSQL server of this run; its database `postgres`."""
    url = os.environ.get("HCRM_TEST_POSTGRES_URL")
    if not url:
        pytest.fail("no PostgreSQL for the tests: run them by `make test` (ARGS=... for some)", pytrace=False)
    return url


@pytest.fixture(scope="session")
def migrated_database() -> str:
    """The name of the run's database with this release's schema, to be copied."""
    return os.environ["HCRM_TEST_TEMPLATE"]


@pytest.fixture(scope="session")
def worker_database(postgres_url: str, migrated_database: str) -> Iterator[WorkerDatabase]:
    """This worker's copy of it."""
    database = WorkerDatabase(postgres_url, migrated_database)
    yield database
    database.drop()


@pytest.fixture
def owner_url(worker_database: WorkerDatabase) -> str:
    """A database as the migrations leave it, whatever earlier tests did to it. The test may do so, too."""
    worker_database.put_back()
    return worker_database.url


@pytest.fixture
def database_url(owner_url: str) -> str:
    """The same database as the role that serves: services need no more than they have in a hospital."""
    return databases.as_app(owner_url)


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """A new database without a schema, dropped after the test."""
    with databases.created(postgres_url) as name:
        yield databases.named(postgres_url, name)


@pytest.fixture(scope="session")
def demo() -> Iterator[Hospital]:
    """This worker's whole demo hospital. Tests that break something mend it."""
    with running_hospital() as hospital:
        yield hospital


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Services' database without reactions; a test that wants some opens its own."""
    async with open_database(database_url) as database:
        yield database
