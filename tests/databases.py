"""Databases for tests: one is migrated per run; each worker has a copy, which is put back before each test."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import asyncpg
import psycopg
from psycopg import sql

from crm_core import migrations
from crm_core.migrations import grants
from server import postgres

OWN = 16_384  # PostgreSQL's own objects have smaller numbers
SHAPE = {  # a row of these is written anew whenever a table, column, default, rule, trigger or function changes
    "pg_class": "oid",
    "pg_attribute": "attrelid",
    "pg_attrdef": "adrelid",
    "pg_constraint": "oid",
    "pg_trigger": "tgrelid",
    "pg_proc": "oid",
}
COUNTED = (sql.SQL("count(*)"), sql.SQL("sum(xmin::text::int8)"))
TABLES = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.oid >= %s AND n.nspname !~ '^pg_' ORDER BY 1, 2
"""
SEQUENCES = "SELECT schemaname, sequencename, start_value, last_value FROM pg_sequences ORDER BY 1, 2"
END_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def named(server_url: str, name: str) -> str:
    """The URL of a database of this server."""
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


@contextmanager
def created(server_url: str, *, template: str = "template1") -> Iterator[str]:
    """The name of a new database, which is gone after the block, whoever is still in it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    make(server_url, name, template=template)
    try:
        yield name
    finally:
        drop(server_url, name)


def make(server_url: str, name: str, *, template: str) -> None:
    """A copy of `template`."""
    command = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(command.format(sql.Identifier(name), sql.Identifier(template)))


def drop(server_url: str, name: str) -> None:
    """Whoever is in it."""
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def as_app(url: str) -> str:
    """The URL of the role that serves. In tests it has its owner's password."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{postgres.APP}:{parts.password}@{parts.hostname}:{parts.port}").geturl()


async def run_as_owner(owner_url: str, sql: str) -> None:
    """What no service does: to change the schema, to gather statistics, to forge."""
    conn = await asyncpg.connect(owner_url)
    try:
        await conn.execute(sql)
    finally:
        await conn.close()


@contextmanager
def migrated(server_url: str) -> Iterator[str]:
    """The name of a database with this release's schema, to be copied."""
    with created(server_url) as name:
        url = named(server_url, name)
        with psycopg.connect(url) as conn:
            postgres.make_app_role(conn, unquote(urlsplit(url).password or ""))
        migrations.upgrade(url)
        grants.allow(url, postgres.APP)
        yield name


@dataclass(frozen=True, slots=True)
class Pristine:
    """What a copy is put back to."""

    shape: tuple[int, ...]
    emptying: sql.Composed
    rows: tuple[tuple[sql.Identifier, bytes], ...]  # what migrations have filled in

    @classmethod
    def of(cls, conn: psycopg.Connection) -> "Pristine":
        """As this database is now."""
        tables = [sql.Identifier(*found) for found in conn.execute(TABLES, (OWN,))]
        rows = tuple((table, _rows(conn, table)) for table in tables)
        steps: list[sql.Composable] = [sql.SQL("SET LOCAL session_replication_role = replica")]
        steps += [sql.SQL("DELETE FROM {}").format(table) for table in tables]
        for schema, name, start, last in conn.execute(SEQUENCES):
            sequence = sql.Identifier(schema, name).as_string(conn)
            wanted = (sql.Literal(sequence), sql.Literal(last or start), sql.Literal(last is not None))
            steps.append(sql.SQL("SELECT setval({}, {}, {})").format(*wanted))
        return cls(shape(conn), sql.SQL(";").join(steps), tuple(one for one in rows if one[1]))

    def restore(self, conn: psycopg.Connection) -> bool:
        """Rows and numbers as they were; False when not only rows were changed."""
        if shape(conn) != self.shape:
            return False
        conn.execute(self.emptying)
        for table, rows in self.rows:
            with conn.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy:
                copy.write(rows)
        return True


def shape(conn: psycopg.Connection) -> tuple[int, ...]:
    """Another one after any change of the schema."""
    part = sql.SQL("(SELECT {} FROM {} WHERE {} >= {})")
    of_all = [(what, sql.Identifier(name), sql.Identifier(key)) for name, key in SHAPE.items() for what in COUNTED]
    parts = sql.SQL(",").join(part.format(*one, OWN) for one in of_all)
    found = conn.execute(sql.SQL("SELECT {}").format(parts)).fetchone()
    return tuple(int(value or 0) for value in found or ())


def _rows(conn: psycopg.Connection, table: sql.Identifier) -> bytes:
    with conn.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(table)) as copy:
        return b"".join(bytes(part) for part in copy)


class WorkerDatabase:
    """One worker's copy. Whoever an earlier test left in it is put out; a changed schema costs a new copy."""

    def __init__(self, server_url: str, template: str) -> None:
        self.server_url, self.template = server_url, template
        self.name = f"test_{uuid.uuid4().hex[:12]}"
        self.url = named(server_url, self.name)
        self._make()

    def _make(self) -> None:
        make(self.server_url, self.name, template=self.template)
        with psycopg.connect(self.url) as conn:
            self._pristine = Pristine.of(conn)

    def put_back(self) -> None:
        """As the migrations left it: no rows but theirs, numbers from 1, nobody connected."""
        with psycopg.connect(self.url) as conn:
            conn.execute(END_OTHERS)
            is_whole = self._pristine.restore(conn)
        if not is_whole:
            self.drop()
            self._make()

    def drop(self) -> None:
        """At the end."""
        drop(self.server_url, self.name)
