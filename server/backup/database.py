"""The database out and in, by PostgreSQL's own programs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg

from server import postgres
from server.config import Config
from server.secret_store import Secrets
from telephony.provision.errors import ProvisionError

LIMIT_S = 4 * 3600.0
REVISION = "SELECT version_num FROM alembic_version"
PATHS = "SELECT path FROM recording ORDER BY path"
TABLES = "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'public'"


@contextmanager
def reachable(config: Config, secrets: Secrets) -> Iterator[str]:
    """The database's URL, as its owner. An embedded PostgreSQL that does not run is started until the block ends."""
    url = postgres.owner_url(config, secrets)
    if config.database.url:
        yield url
        return
    cluster = postgres.cluster(config, secrets)
    with nullcontext() if cluster.is_up() else postgres.running(cluster, config.places.logs / "postgres.log"):
        cluster.make_database()
        yield url


def dump(config: Config, url: str, target: Path) -> None:
    """One consistent moment, compressed, while the hospital works on."""
    target.touch(mode=0o600)
    _run(_program(config, "pg_dump"), "--format=custom", "--no-owner", "--no-privileges", f"--file={target}", url=url)


def restore(config: Config, url: str, source: Path) -> None:
    """Everything or nothing, into an empty database."""
    words = (
        "--single-transaction",
        "--exit-on-error",
        "--no-owner",
        "--no-privileges",
        "--dbname",
        urlsplit(url).path.strip("/"),
    )
    _run(_program(config, "pg_restore"), *words, str(source), url=url)


def begin_anew(url: str) -> None:
    """Transactions are numbered anew: what programs read of the event log so far leads nowhere here."""
    with psycopg.connect(url, connect_timeout=10) as conn:
        conn.execute("TRUNCATE event_log")
        conn.execute("UPDATE event_log_start SET era = extract(epoch FROM clock_timestamp()), tx = 0, id = 0")


def revision(url: str) -> str:
    """Of the schema."""
    return str(_column(url, REVISION)[0])


def recordings(url: str) -> list[str]:
    """Paths that the database names, inside the recordings folder."""
    return list(map(str, _column(url, PATHS)))


def is_empty(url: str) -> bool:
    """Whether nothing lives there yet."""
    return _column(url, TABLES) == [0]


def _column(url: str, sql: str) -> list[object]:
    with psycopg.connect(url, connect_timeout=10) as conn:
        return [row[0] for row in conn.execute(sql).fetchall()]


def _program(config: Config, name: str) -> str:
    """Ours fits PostgreSQL 18 and older; for a newer server the machine's own is asked."""
    ours = postgres.programs(config.places.cache) / name
    own = shutil.which(name)
    return own if config.database.url and own else str(ours)


def _run(program: str, *words: str, url: str) -> None:
    """Nothing secret on the command line: others can read it."""
    parts = urlsplit(url)
    place = {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port or 5432),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.strip("/"),
    }
    done = subprocess.run(
        [program, *words], env={**os.environ, **place}, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    if done.returncode:
        mend = "Is the disk full, does PostgreSQL answer, is its pg_dump as new as the server?"
        raise ProvisionError(f"{Path(program).name} failed: {done.stderr.strip()[-400:]}", mend=mend)
