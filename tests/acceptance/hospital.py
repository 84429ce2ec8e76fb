"""The whole demo hospital in processes of its own, started as a user does, and what outsiders need to reach it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg

from demo.gsm.client import HandsetClient
from server import config as configuration
from server import processes
from server.config import Config
from server.postgres import database_url
from server.secret_store import load_or_make
from tests import ports
from tests.acceptance.api import Api
from tests.soon import soon

CHECKOUT = Path(__file__).parents[2]
FIRST_READY_S = 240.0
READY_AGAIN_S = 120.0
WELL_S = 120.0
END_S = 30.0
PARTS = {"asterisk", "carrier", "gsm", "postgres", "serve"}
PORTS = ("HTTP", "SIP", "ASTERISK_HTTP", "AMI", "FASTAGI", "AUDIOSOCKET", "POSTGRES", "DEMO_CARRIER")


class Hospital:
    """`hcrm demo` on ports and in a home of its own. `restart` and `kill` are done to it by tests."""

    def __init__(self, home: Path, settings: dict[str, str]) -> None:
        self.home, self.settings = home, settings
        self.config: Config = configuration.load(settings)
        self.out = home.with_suffix(".out")
        self.process: subprocess.Popen[bytes] | None = None
        self.tokens: dict[str, str] = {}

    # -- start and end

    def start(self, *, within_s: float) -> float:
        """Start it; seconds until it said that it is ready."""
        began = time.monotonic()
        with self.out.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "server", "demo"],
                cwd=CHECKOUT,
                env=self.settings,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        soon(self._is_ready, within_s=within_s, every_s=0.1, what=self.out)
        return time.monotonic() - began

    def _is_ready(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.said()
        return f"hcrm ready: {self.config.public_url}" in self.said()

    def said(self) -> str:
        """What it printed since it was started last."""
        return self.out.read_text()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Send a signal; seconds until it and everything it started is gone."""
        assert self.process
        everyone = self.everyone()
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(60)
        soon(lambda: not [pid for pid in everyone if processes.began(pid)], what=everyone)
        return time.monotonic() - began

    # -- who runs

    def pid(self, name: str) -> int:
        """Of a part: serve, asterisk, postgres, gsm, carrier."""
        rows = json.loads((self.home / "processes.json").read_text())
        return int(rows[name][0])

    def everyone(self) -> set[int]:
        """The supervisor and all its descendants."""
        assert self.process
        return {self.process.pid, *self.children_of(self.process.pid)}

    def children_of(self, pid: int) -> set[int]:
        """And theirs, and so on."""
        parents = dict(_parents())
        found = {pid}
        while more := {child for child, parent in parents.items() if parent in found} - found:
            found |= more
        return found - {pid}

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to a part and await its end; its old process id."""
        pid = self.pid(name)
        os.kill(pid, number)
        soon(lambda: processes.began(pid) is None, what=name)
        return pid

    # -- how it is

    def status(self) -> dict[str, str]:
        """Part to state, as anybody may ask; empty when nobody answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/status", timeout=60) as answer:
                parts: dict[str, str] = json.load(answer)["parts"]
        except (OSError, ValueError):
            return {}
        return parts

    def unwell(self) -> dict[str, str]:
        """Parts that do not say ok, and what they say."""
        parts = self.status() or {"web": "no answer"}
        return {part: state for part, state in parts.items() if state != "ok"}

    def await_well(self) -> None:
        """Whatever was done to it is over."""
        soon(lambda: not self.unwell(), within_s=WELL_S, every_s=0.2, what="every part ok")

    # -- how to reach it

    @property
    def url(self) -> str:
        """Of pages and API."""
        return self.config.public_url

    @property
    def phones(self) -> HandsetClient:
        """Telephones that text."""
        return HandsetClient(self.config.places.gsm_control)

    @property
    def modem(self) -> str:
        """Its part in the status."""
        return f"modem:{self.config.places.modem.name}"

    @property
    def sip(self) -> int:
        """UDP port of the hotline."""
        return self.config.ports.sip

    def hcrm(self, *words: str) -> str:
        """Run the command as a user does; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "server", *words],
            cwd=CHECKOUT,
            env=self.settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def token(self, role: str) -> str:
        """Made by `hcrm token create`, once per role."""
        if role not in self.tokens:
            self.tokens[role] = self.hcrm("token", "create", "--role", role, "--name", f"acceptance {role}").strip()
        return self.tokens[role]

    @property
    def api(self) -> Api:
        """The REST API as another system."""
        return Api(self.url, self.token("api"))

    def password(self, login: str) -> str:
        """As printed at the first start."""
        (found,) = re.findall(rf"^{login} +(\S+)$", self.config.places.logins.read_text(), re.MULTILINE)
        return str(found)

    async def ask_database(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """For what no page shows."""
        conn = await asyncpg.connect(database_url(self.config, load_or_make(self.config.places.secrets)))
        try:
            return list(await conn.fetch(sql, *args))
        finally:
            await conn.close()


def _parents() -> Iterator[tuple[int, int]]:
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            with suppress(OSError):
                yield int(place.name), int((place / "stat").read_text().rpartition(")")[2].split()[1])


def settings(home: Path, first_port: int, **more: str) -> dict[str, str]:
    """What `hcrm demo` sees: nothing of another hospital's settings, ports of this row."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HCRM_") or name == "HCRM_CACHE"}
    single = {f"HCRM_{name}_PORT": str(port) for port, name in enumerate(PORTS, first_port)}
    first, last = first_port + 20, first_port + ports.LENGTH - 1
    middle = (first + last) // 2
    rtp = {"HCRM_RTP_PORTS": f"{first}-{middle}", "HCRM_DEMO_CARRIER_RTP_PORTS": f"{middle + 1}-{last}"}
    given = {name: value.replace("{http}", single["HCRM_HTTP_PORT"]) for name, value in more.items()}
    # whether a run begins before or after ten o'clock, only tests phone patients
    usual = {"HCRM_HOME": str(home), "HCRM_DEMO": "yes", "HCRM_REMIND_FROM": "never", "HCRM_DEMO_HISTORY": "no"}
    return clean | single | rtp | usual | given


@contextmanager
def running_hospital(**more: str) -> Iterator[Hospital]:
    """With `more` settings; {http} in them is the port of its pages. Ready, and gone without a trace afterwards."""
    place = Path(tempfile.mkdtemp(prefix="hcrm-", dir="/tmp"))  # a Unix socket's path must be short
    place.chmod(0o711)
    with ports.row() as first_port:
        hospital = Hospital(place / "h", settings(place / "h", first_port, **more))
        try:
            hospital.start(within_s=FIRST_READY_S)
            yield hospital
        finally:
            if hospital.process and hospital.process.poll() is None:
                took_s = hospital.stop()
                assert took_s < END_S, f"the end took {took_s:.1f} s"
            shutil.rmtree(place, ignore_errors=True)
