"""Whatever a test does to its database, the next one finds it as the migrations leave it."""

import psycopg
import pytest

from tests.databases import WorkerDatabase

pytestmark = pytest.mark.db

AUDIT = """
    INSERT INTO audit (actor_kind, actor, action, subject, outcome)
    VALUES ('system', 'x', 'x', 'x', 'allowed') RETURNING id
"""
COLUMNS = """
    SELECT table_name, column_name, column_default FROM information_schema.columns WHERE table_schema = 'public'
"""
FUNCTIONS = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
TRIGGERS = "SELECT tgrelid::regclass::text, tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal"


@pytest.fixture
def used(worker_database: WorkerDatabase) -> WorkerDatabase:
    """Clean now; dirtied by the test."""
    worker_database.put_back()
    return worker_database


def ask(database: WorkerDatabase, sql: str) -> object:
    """The one value that comes back."""
    with psycopg.connect(database.url) as conn:
        row = conn.execute(sql).fetchone()
    return row[0] if row else None


def test_rows_go_and_numbers_begin_again(used: WorkerDatabase) -> None:
    first = ask(used, AUDIT)
    used.put_back()
    assert ask(used, "SELECT count(*) FROM audit") == 0
    assert ask(used, AUDIT) == first == 1


def test_who_is_still_connected_is_put_out_with_their_locks(used: WorkerDatabase) -> None:
    with psycopg.connect(used.url) as left:
        left.execute("LOCK TABLE patient")
        used.put_back()
        with pytest.raises(psycopg.OperationalError):
            left.execute("SELECT 1")


def test_what_may_only_be_added_to_is_emptied_too(used: WorkerDatabase) -> None:
    ask(used, AUDIT)
    with pytest.raises(psycopg.Error):
        ask(used, "DELETE FROM audit RETURNING 1")
    used.put_back()
    assert ask(used, "SELECT count(*) FROM audit") == 0


def test_what_migrations_filled_in_is_there_again(used: WorkerDatabase) -> None:
    release = ask(used, "SELECT version_num FROM alembic_version")
    ask(used, "DELETE FROM alembic_version RETURNING 1")
    used.put_back()
    assert ask(used, "SELECT version_num FROM alembic_version") == release


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE patient RENAME TO elsewhere",
        "ALTER TABLE patient ALTER COLUMN name SET DEFAULT '无名'",
        "ALTER TABLE appointment DISABLE TRIGGER appointment_place",
        "CREATE TABLE left_behind (id bigint)",
        "CREATE FUNCTION left_behind() RETURNS int LANGUAGE sql RETURN 1",
        "DROP TABLE audit CASCADE",
    ],
)
def test_a_changed_schema_costs_a_new_copy(used: WorkerDatabase, change: str) -> None:
    with psycopg.connect(used.url) as conn:
        before = schema(conn)
        conn.execute(change)
    used.put_back()
    with psycopg.connect(used.url) as conn:
        assert schema(conn) == before


def schema(conn: psycopg.Connection) -> list[tuple[object, ...]]:
    """Tables, columns, defaults, functions and whether triggers work, as a reader sees them."""
    return sorted(tuple(map(str, row)) for sql in (COLUMNS, FUNCTIONS, TRIGGERS) for row in conn.execute(sql))
