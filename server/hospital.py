"""Everything one machine needs, in the foreground: PostgreSQL, Asterisk, the demo's networks, the server.

Parts start side by side where they can; a part that dies is started again; everything ends within ten seconds.
"""

import asyncio
import json
import os
import signal
import ssl
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from crm_core.kernel.db import open_database
from crm_core.users.service import ensure_first_users
from demo.fortnight.calls import TO_SPEAK
from server import hotline, nightly, parts, ports, postgres, processes
from server.config import Config
from server.launch import Program
from server.processes import Book, Kept
from server.secret_store import Secrets, load_or_make
from telephony.provision.errors import ProvisionError
from telephony.provision.roots import locked_now

Say = Callable[[str], None]

STEP_TIMEOUT_S = 120.0
SPEAK_TIMEOUT_S = 1800.0
POSTGRES_TIMEOUT_S = 30.0
STATUS_TIMEOUT_S = 3.0
POLL_S = 0.2
REMIND_EVERY_S = 15.0
WRITERS_GRACE_S = 4.5
DATABASE_GRACE_S = 3.0


@dataclass(slots=True)
class Hospital:
    """One run. `say` shows a line to whoever started it."""

    config: Config
    secrets: Secrets
    say: Say
    group: asyncio.TaskGroup
    book: Book
    kept: list[Kept] = field(default_factory=list)

    async def open(self) -> None:
        """Start every part and wait until the server says that all are well."""
        self.book.sweep()
        self._refuse_taken_ports()
        async with asyncio.TaskGroup() as starting:
            starting.create_task(self._open_telephony())
            starting.create_task(self._open_demo_networks())
            starting.create_task(self._open_database_and_server())
        await self._await_ready()
        if (self.config.places.home / TO_SPEAK).exists():
            self.group.create_task(self._speak())

    async def _speak(self) -> None:
        """While the pages are up already. What is left when we end is spoken after the next start."""
        self.say(f"the demo's recordings are being made; progress in {self.config.places.logs / 'speak.log'}")
        try:
            await processes.run_once(parts.speak(self.config), self.config.places.logs, timeout_s=SPEAK_TIMEOUT_S)
        except ProvisionError as error:
            self.say(f"{error}. {error.mend}")
        else:
            self.say("the demo's recordings can be heard")

    def _refuse_taken_ports(self) -> None:
        taken = ports.taken(self.config)
        if taken:
            listed = ", ".join(f"{one.kind} {one.address}:{one.port} ({one.setting})" for one in taken)
            raise ProvisionError(
                f"already in use: {listed}",
                mend="End what uses it, or move all our ports by another HCRM_PORT_OFFSET, such as 1000 or 2000.",
            )

    async def _keep(self, program: Program) -> Kept:
        kept = Kept(program, self.config.places.logs, self.book)
        self.kept.append(kept)
        await kept.begin(self.group)
        return kept

    async def _open_telephony(self) -> None:
        program = await asyncio.to_thread(hotline.prepare, self.config, self.secrets)
        await self._keep(program)
        self.say("Asterisk started")

    async def _open_demo_networks(self) -> None:
        if not self.config.demo.enabled:
            return
        if not self.config.modems.devices:
            await self._keep(parts.gsm(self.config))
        if not self.config.trunk.carrier:
            await processes.run_once(parts.carrier_plan(self.config), self.config.places.logs, timeout_s=STEP_TIMEOUT_S)
            await self._keep(await asyncio.to_thread(parts.carrier, self.config))
        self.say("telephone and GSM networks started")

    async def _open_database_and_server(self) -> None:
        if not self.config.database.url:
            await self._open_postgres()
        await asyncio.to_thread(postgres.migrate, self.config, self.secrets)
        if self.config.demo.enabled:
            await self._print_first_logins()
        async with asyncio.TaskGroup() as starting:
            starting.create_task(self._keep(parts.command(self.config, "serve")))
            if self.config.demo.enabled:
                seed = parts.seed(self.config, postgres.owner_url(self.config, self.secrets))
                starting.create_task(processes.run_once(seed, self.config.places.logs, timeout_s=STEP_TIMEOUT_S))
        self.say("database ready")

    async def _open_postgres(self) -> None:
        cluster = postgres.cluster(self.config, self.secrets)
        await asyncio.to_thread(cluster.prepare)
        kept = await self._keep(cluster.program())
        end = time.monotonic() + POSTGRES_TIMEOUT_S
        while not await asyncio.to_thread(cluster.is_up):
            if kept.is_dead() or time.monotonic() > end:
                raise ProvisionError("PostgreSQL does not start", mend=f"See {kept.log_path}.")
            await asyncio.sleep(POLL_S)
        await asyncio.to_thread(cluster.make_database)

    async def _print_first_logins(self) -> None:
        async with open_database(postgres.database_url(self.config, self.secrets), max_size=1) as db:
            logins = await ensure_first_users(db, one_time=False)
        if logins:
            text = "".join(f"{login:<12} {password}\n" for login, password in logins)
            path = self.config.places.logins
            path.unlink(missing_ok=True)
            path.touch(mode=0o600)
            path.write_text(text)
            self.say(f"logins (kept in {path}):\n{text.rstrip()}")

    async def _await_ready(self) -> None:
        reminded = time.monotonic()
        while missing := await asyncio.to_thread(_not_ready, self.config):
            if time.monotonic() - reminded > REMIND_EVERY_S:
                reminded = time.monotonic()
                self.say(f"still waiting: {missing}; the logs are in {self.config.places.logs}")
            await asyncio.sleep(POLL_S)
        self.say(f"hcrm ready: {self.config.public_url}")

    async def close(self) -> None:
        """Everything that writes to the database, then the database."""
        database = [kept for kept in self.kept if kept.program.name == "postgres"]
        writers = [kept for kept in self.kept if kept not in database]
        await asyncio.gather(*(kept.end(grace_s=WRITERS_GRACE_S) for kept in writers))
        await asyncio.gather(*(kept.end(grace_s=DATABASE_GRACE_S) for kept in database))


def own_status(config: Config) -> dict[str, Any]:
    """What our own server on this machine says of itself. Raises OSError, HTTPException or ValueError."""
    trust = ssl.create_default_context()
    trust.check_hostname = False  # it is asked by address, and the certificate names the hospital's host
    trust.verify_mode = ssl.CERT_NONE
    url = f"{config.own_url}/api/v1/status"
    with urllib.request.urlopen(url, timeout=STATUS_TIMEOUT_S, context=trust) as answer:
        status: dict[str, Any] = json.load(answer)
    return status


def _not_ready(config: Config) -> str:
    """Empty when every part is up, else what is missing."""
    try:
        status = own_status(config)
    except (OSError, HTTPException, ValueError) as error:
        return f"the server does not answer ({type(error).__name__})"
    states: dict[str, str] = status.get("parts", {})
    faults = [f"{part} {state}" for part, state in states.items() if state != "ok" and part != nightly.CHAIN]
    return ", ".join(faults) if states else "the server"  # a changed audit is for a person to see; callers are answered


async def run(config: Config, say: Say) -> None:
    """Until SIGINT, SIGTERM or SIGHUP. Raises ProvisionError when a part cannot start."""
    places = config.places
    os.umask(0o022)  # services of other users read what we write for them
    places.logs.mkdir(parents=True, exist_ok=True)
    places.logs.chmod(0o700)
    places.home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    with locked_now(places.home / "lock", f"hcrm is already running in {places.home}"):
        async with _until_signal(), asyncio.TaskGroup() as group:
            book = Book(places.home / "processes.json")
            hospital = Hospital(config, load_or_make(places.secrets), say, group, book)
            try:
                await hospital.open()
                await asyncio.Event().wait()
            finally:
                await hospital.close()


@asynccontextmanager
async def _until_signal() -> AsyncIterator[None]:
    """Cancel what is inside at the first signal, and swallow that cancellation."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    stopped = False

    def stop() -> None:
        nonlocal stopped
        if not stopped and task is not None:
            stopped = True
            task.cancel()

    heeded = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # else it was started with nohup
        heeded.append(signal.SIGHUP)
    for number in heeded:
        loop.add_signal_handler(number, stop)
    try:
        yield
    except asyncio.CancelledError:
        if not stopped:
            raise
    finally:
        for number in heeded:
            loop.remove_signal_handler(number)
