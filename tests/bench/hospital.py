"""A demo hospital of the benchmark's own: started as `make run` starts it, in a folder and on ports of its own."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from crm_core.kernel.db import Database, open_database
from server import config as configuration
from server import ports, postgres, secret_store
from server.config import CHECKOUT, Config
from server.secret_store import Secrets
from telephony.provision import asterisk
from telephony.provision.errors import ProvisionError
from telephony.provision.tools import tool

READY_WITHIN_S = 120.0
END_WITHIN_S = 20.0
FIRST_OFFSET, LAST_OFFSET, STEP = 9000, 19_000, 1000
KEPT = ("HCRM_CACHE",)


@dataclass(frozen=True, slots=True)
class Hospital:
    """A whole hospital that is up. `db` is the benchmark's own pool on its database, without reactions."""

    config: Config
    secrets: Secrets
    db: Database
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        """Where its pages are."""
        return self.config.own_url

    @property
    def token(self) -> str:
        """Of the role `api`."""
        return (self.config.places.home / "api-token.txt").read_text("utf-8").strip()

    @property
    def logins(self) -> Mapping[str, str]:
        """Login -> password."""
        lines = self.config.places.logins.read_text("utf-8").splitlines()
        return dict(line.split(maxsplit=1) for line in lines if line.strip())

    def program(self, name: str) -> Path:
        """A tool that set-up has provided."""
        return tool(name, self.config.places.cache)

    def pid(self, name: str) -> int:
        """Of asterisk, serve, postgres, gsm, carrier."""
        rows = json.loads((self.config.places.home / "processes.json").read_text("utf-8"))
        return int(rows[name][0])

    async def console(self, command: str) -> str:
        """One line at Asterisk's own console."""
        tree = asterisk.find(self.config.places.cache)
        process = await asyncio.create_subprocess_exec(
            *tree.console(self.config.places.asterisk / "etc/asterisk.conf", command),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **tree.env},
        )
        async with asyncio.timeout(20):
            output, _ = await process.communicate()
        return output.decode("utf-8", "replace")


def _environment(home: Path) -> dict[str, str]:
    """What the hospital sees: nothing of another hospital's settings, free ports."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HCRM_") or name in KEPT}
    asked = os.environ.get("HCRM_PORT_OFFSET")
    for offset in [int(asked)] if asked else range(FIRST_OFFSET, LAST_OFFSET, STEP):
        found = clean | {
            "HCRM_HOME": str(home),
            "HCRM_PORT_OFFSET": str(offset),
            "HCRM_DEMO": "yes",
            "HCRM_REMIND_FROM": "never",
        }
        if not ports.taken(configuration.load(found)):
            return found
    raise ProvisionError("no free ports for the benchmark's hospital", mend="Set HCRM_PORT_OFFSET to a free range.")


@asynccontextmanager
async def running_hospital() -> AsyncIterator[Hospital]:
    """From nothing to ready, and gone without a trace. Raises ProvisionError with the log when it does not start."""
    with _folder() as folder:
        environment = _environment(folder / "home")
        config = configuration.load(environment)
        log = folder / "hospital.log"
        process = await _start(environment, log)
        try:
            await _await_ready(process, log)
            secrets = secret_store.load_or_make(config.places.secrets)
            async with open_database(postgres.database_url(config, secrets), max_size=4) as db:
                yield Hospital(config, secrets, db, environment)
        finally:
            await _end(process)


@contextmanager
def _folder() -> Iterator[Path]:
    """Others may pass through it: PostgreSQL and Asterisk run as users of their own."""
    with tempfile.TemporaryDirectory(prefix="hcrm-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


async def _start(environment: Mapping[str, str], log: Path) -> asyncio.subprocess.Process:
    with log.open("wb") as file:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", "demo"),
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


async def _await_ready(process: asyncio.subprocess.Process, log: Path) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + READY_WITHIN_S
    while "hcrm ready:" not in (said := _said(log)):
        if process.returncode is not None or loop.time() > deadline:
            raise ProvisionError(f"the benchmark's hospital did not start:\n{said[-2000:]}", mend="See above.")
        await asyncio.sleep(0.1)


def _said(log: Path) -> str:
    return log.read_text("utf-8", "replace")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(END_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
