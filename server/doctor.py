"""What this machine has, what is missing, and how to mend it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import psycopg

from bootstrap import plan
from server import doctor_https, hotline, launcher, ports, postgres
from server.checks import Check
from server.config import CHECKOUT, Config
from telephony.provision import asterisk, debian, fonts, tools
from telephony.provision.errors import ProvisionError

SET_UP = "Run `make run` once; it sets up what is missing."
SET_UP_TESTS = "Run `make test` once; only tests need it."
LEAST_FREE_MB = 1_000
WITHOUT_HANZI = ("C", "POSIX")
PRODUCT_TOOLS = ("espeak-ng",)


def examine(config: Config) -> Iterator[Check]:
    """Every check, cheap ones first. Starts nothing that stays."""
    yield _python()
    yield from _disk(config)
    yield _secrets(config)
    yield _set_up()
    yield _attempt("debian packages", _apt)
    yield _attempt("asterisk", lambda: _asterisk(config))
    yield _attempt("postgresql", lambda: _postgresql(config))
    if config.database.url:
        with suppress(psycopg.OperationalError):  # the check before says so
            yield external_role(config.database.url)
    yield _bundle()
    for name in tools.KNOWN:
        yield _attempt(name, partial(_tool, config, name), needed=name in PRODUCT_TOOLS)
    yield _attempt("fonts", lambda: str(fonts.find(config.places.cache)))
    yield from _modems(config)
    yield _closed_folders(config)
    yield from _ports(config)
    yield from doctor_https.examine(config, datetime.now(UTC))


def _attempt(name: str, look: Callable[[], str], *, needed: bool = True) -> Check:
    try:
        return Check(name, True, look(), needed=needed)
    except ProvisionError as error:
        return Check(name, False, str(error), error.mend if needed else SET_UP_TESTS, needed)


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("python", sys.version_info >= (3, 11), version, "" if sys.version_info >= (3, 11) else "Use 3.11.")


def _disk(config: Config) -> Iterator[Check]:
    for name, folder in (("home", config.places.home), ("cache", config.places.cache)):
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        free_mb = shutil.disk_usage(existing).free // 2**20
        if not os.access(existing, os.W_OK):
            yield Check(name, False, f"{folder} cannot be written", f"Point HCRM_{name.upper()} somewhere else.")
        else:
            ok = free_mb >= LEAST_FREE_MB
            yield Check(name, ok, f"{folder}, {free_mb} MB free", "" if ok else "Free some disk space.")


def _secrets(config: Config) -> Check:
    path = config.places.secrets
    if not path.exists():
        return Check("secrets", True, "made at first start")
    mode = path.stat().st_mode & 0o777
    return Check("secrets", not mode & 0o077, f"{path} {mode:o}", "" if not mode & 0o077 else f"chmod 600 {path}")


def _tool(config: Config, name: str) -> str:
    return str(tools.tool(name, config.places.cache))


def _set_up() -> Check:
    left = plan.unfinished(plan.for_run())
    found = "to do: " + ", ".join(left) if left else "every step is done"
    return Check("set-up", not left, found, SET_UP if left else "", needed=False)


def _apt() -> str:
    mirror = debian.own_mirror()
    return f"{debian.architecture()}, {mirror.suite} from {mirror.uri}"


def _asterisk(config: Config) -> str:
    found = asterisk.find(config.places.cache)
    return f"{found.version} in {found.argv[-1]}"


def _postgresql(config: Config) -> str:
    if config.database.url:
        return external_database(config.database.url)
    program = postgres.programs(config.places.cache) / "postgres"
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)
    if done.returncode:
        raise ProvisionError("the embedded PostgreSQL does not run", mend="Remove .venv and run `make run`.")
    return done.stdout.strip()


def external_role(url: str) -> Check:
    """Whether the role that serves could change the audit and the tables: works, but should not be."""
    name = "database role"
    with psycopg.connect(url, connect_timeout=5) as conn:
        power = conn.execute(
            "SELECT rolsuper OR EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('audit') "
            "AND pg_has_role(current_user, relowner, 'USAGE')) FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    if power and power[0]:
        mend = (
            "Make a role without any power, put it into HCRM_DATABASE_URL and the owner into HCRM_DATABASE_OWNER_URL, "
            "and run `hcrm migrate`: see the runbook, 'Your own PostgreSQL'."
        )
        return Check(name, False, "the server owns the tables: it could change its own audit", mend, needed=False)
    return Check(name, True, "writes rows and owns nothing")


def external_database(url: str) -> str:
    """What is at this URL. Raises ProvisionError when hcrm cannot live there well."""
    try:
        with psycopg.connect(url, connect_timeout=5) as conn:
            ctype = conn.execute("SELECT datctype FROM pg_database WHERE datname = current_database()").fetchone()
            version = conn.info.server_version // 10_000
    except psycopg.OperationalError as error:
        raise ProvisionError(
            f"HCRM_DATABASE_URL does not answer ({type(error).__name__})", mend="Start it, or correct the setting."
        ) from None
    if ctype and ctype[0] in WITHOUT_HANZI:
        raise ProvisionError(
            f"the database at HCRM_DATABASE_URL has LC_CTYPE {ctype[0]}: a search by Chinese name reads every patient",
            mend=f"Make it anew with LC_CTYPE '{postgres.CTYPE}' and move the data there (pg_dump, pg_restore).",
        )
    return f"version {version} at HCRM_DATABASE_URL"


def _bundle() -> Check:
    folder = CHECKOUT / "web" / "static" / "dist"
    ok = any(folder.glob("*")) if folder.is_dir() else False
    return Check("front-end bundle", ok, str(folder) if ok else "not built", "" if ok else SET_UP)


def _modems(config: Config) -> Iterator[Check]:
    for device in config.modems.devices:
        ok = os.access(device, os.R_OK | os.W_OK)
        mend = "" if ok else f"Plug it in, and let this user use it (group dialout): {device}"
        yield Check(f"modem {device}", ok, "there" if ok else "cannot be opened", mend)


def _closed_folders(config: Config) -> Check:
    """Running as root, the services' own users must come to their files."""
    name = "closed folders"
    if os.geteuid() != 0:
        return Check(name, True, "not root: everything runs as this user")
    places = (config.places.home, config.places.cache, postgres.programs(config.places.cache))
    closed = sorted({str(folder) for path in places if (folder := launcher.closed_ancestor(path, -1, -1))})
    if not closed:
        return Check(name, True, f"{hotline.USER} and {postgres.USER} reach everything")
    listed = ", ".join(closed)
    if launcher.may_uncover():
        return Check(name, True, f"{listed}: reached in a mount namespace of the service alone")
    mend = "Move the checkout, HCRM_HOME and HCRM_CACHE to folders others may pass through, or do not run as root."
    return Check(name, False, f"{listed} is closed and this machine allows no mount namespace", mend)


def _ports(config: Config) -> Iterator[Check]:
    taken = ports.taken(config)
    if not taken:
        yield Check("ports", True, "free")
    for one in taken:
        mend = f"Unless that is hcrm itself: end what uses it, or set {one.setting} or HCRM_PORT_OFFSET."
        yield Check(f"port {one.port}", False, f"{one.kind} {one.address}:{one.port} is in use", mend, needed=False)
