"""`hcrm doctor` looks at somebody else's PostgreSQL before hcrm lives in it."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from server import doctor
from telephony.provision.errors import ProvisionError

pytestmark = pytest.mark.db


@pytest.fixture
def plain_c(postgres_url: str) -> Iterator[str]:
    """The URL of a database whose C library knows no letters but ASCII."""
    name = "plain_c"
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        made = sql.SQL("CREATE DATABASE {} TEMPLATE template0 LC_CTYPE 'C'").format(sql.Identifier(name))
        conn.execute(made)
        yield urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_a_database_that_cannot_index_hanzi_is_named_with_the_remedy(plain_c: str) -> None:
    with pytest.raises(ProvisionError, match="LC_CTYPE C: a search by Chinese name reads every patient") as refused:
        doctor.external_database(plain_c)
    assert "LC_CTYPE 'C.UTF-8'" in refused.value.mend


def test_a_good_database_is_told_by_its_version(postgres_url: str) -> None:
    assert doctor.external_database(postgres_url).endswith("at HCRM_DATABASE_URL")


def test_a_database_that_is_away_is_told_without_its_address() -> None:
    with pytest.raises(ProvisionError, match="does not answer") as refused:
        doctor.external_database("postgresql://someone:secretword@127.0.0.1:1/hcrm")
    assert "secretword" not in f"{refused.value} {refused.value.mend}"


def test_a_server_that_owns_its_tables_is_told_what_to_do_better(owner_url: str, database_url: str) -> None:
    powerful = doctor.external_role(owner_url)
    assert (powerful.ok, powerful.needed) == (False, False)
    assert "HCRM_DATABASE_OWNER_URL" in powerful.mend
    assert doctor.external_role(database_url).ok
