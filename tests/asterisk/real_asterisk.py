"""A real Asterisk on asterisk_conf/ itself, with ports and folders of its own."""

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from telephony.ami import Ami, AmiSettings
from telephony.fastagi import FastAgiServer, Handler
from telephony.provision import render
from telephony.sounds import write_beep, write_music
from tests import ports
from tests.asterisk.carrier_tree import ASTERISK, DATA, MODULES

CONF = Path(__file__).parents[2] / "asterisk_conf"
PHONES = ("desk-31", "desk-32")  # desks with a SIP telephone instead of a browser
PHONE = """
[{name}](telephone,{kind})
auth = {name}
aors = {name}
[{name}](telephone-auth)
username = {name}
password = {secret}
[{name}](telephone-aor)
"""


@dataclass
class RealAsterisk:
    """Started and stopped by hand; its FastAGI server is the test's own."""

    home: Path
    first_port: int
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    desk_secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        """All of one row; its carrier's, too."""
        self.sip_port, self.ami_port, self.carrier_port, self.http_port, self.fastagi_port = range(
            self.first_port, self.first_port + 5
        )
        self.rtp_ports = (self.first_port + 20, self.first_port + 219)
        self.carrier_rtp_ports = (self.first_port + 220, self.first_port + 419)

    @property
    def monitor(self) -> Path:
        """Where recordings appear."""
        return self.home / "monitor"

    @property
    def config(self) -> Path:
        """What `asterisk -C` is given."""
        return self.home / "etc/asterisk.conf"

    def provision(self) -> None:
        """Folders, sounds and the rendered configuration."""
        browsers = [f"desk-{number:02d}" for number in range(1, 41) if f"desk-{number:02d}" not in PHONES]
        layout = render.Layout(
            folder=self.home,
            monitor=self.monitor,
            modules=MODULES,
            data=DATA,
            sip_port=self.sip_port,
            http_port=self.http_port,
            ami_port=self.ami_port,
            fastagi_port=self.fastagi_port,
            rtp_ports=self.rtp_ports,
            ami_secret=self.secret,
            hospital_number="02088886666",
            carrier=("127.0.0.1", self.carrier_port),
            desks=dict.fromkeys(browsers, self.desk_secret),
            handsets={"handset-01": self.desk_secret},
        )
        render.render(layout)
        write_music(layout.music)
        self._write_sounds(layout.prompts)
        phones = "".join(PHONE.format(name=desk, kind="desk", secret=self.desk_secret) for desk in PHONES)
        phones += PHONE.format(name="handset-02", kind="handset", secret=self.desk_secret)
        with (self.home / "etc/pjsip.desks.conf").open("a", encoding="utf-8") as file:
            file.write(phones)

    def _write_sounds(self, sounds: Path) -> None:
        beep = write_beep(sounds).read_bytes()
        for name in json.loads((CONF / "prompts.json").read_text("utf-8")):
            for language in ("zh_CN", "en"):
                path = sounds / language / f"{name}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(beep)

    def start(self, *, within_s: float = 60.0) -> None:
        """Returns when Asterisk says it is fully booted."""
        with (self.home / "log/console").open("ab") as console:
            self.process = subprocess.Popen(
                [*ASTERISK, "-f", "-C", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env=dict(os.environ),
            )
        deadline = time.monotonic() + within_s
        while "fully booted" not in self.cli("core waitfullybooted"):
            assert self.process.poll() is None, "Asterisk ended while starting"
            assert time.monotonic() < deadline, "Asterisk does not start"
            time.sleep(0.05)

    def cli(self, command: str) -> str:
        """One line at Asterisk's own console."""
        return subprocess.run(
            [*ASTERISK, "-C", str(self.config), "-rx", command],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        ).stdout

    def log(self) -> str:
        """What Asterisk wrote down: notices and worse."""
        return (self.home / "log/messages.log").read_text("utf-8", "replace")

    def hang_up_all(self) -> None:
        """As quiet as after the start: no channel, nobody in the queue."""
        self.cli("channel request hangup all")
        for line in self.cli("queue show operators").splitlines():
            for word in line.replace("(", " ").replace(")", " ").split():
                if "/" in word and word.startswith(("PJSIP/", "Local/")):
                    self.cli(f"queue remove member {word} from operators")
        deadline = time.monotonic() + 10
        while not self.cli("core show channels count").startswith("0 active channels"):
            assert time.monotonic() < deadline, self.cli("core show channels concise")
            time.sleep(0.05)

    def ami(self, *, port: int = 0, secret: str = "") -> Ami:
        """A manager link to this Asterisk; `port` when there is a cable in between."""
        settings = AmiSettings(
            port=port or self.ami_port,
            secret=secret or self.secret,
            ping_every_s=0.5,
            answer_s=1.0,
            first_wait_s=0.1,
            longest_wait_s=0.5,
        )
        return Ami(settings)

    def stop(self, *, kill: bool = False) -> None:
        """Ends the process; `kill` as a power cut would."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.kill() if kill else self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(60)


@contextmanager
def running_asterisk(rtp_timeout_s: int = 30) -> Iterator[RealAsterisk]:
    """One on free ports in a home of its own, for as long as the block runs."""
    home = Path(tempfile.mkdtemp(prefix="h-tele-", dir="/tmp"))
    with ports.row() as first:
        asterisk = RealAsterisk(home, first)
        asterisk.provision()
        pjsip = home / "etc/pjsip.conf"
        text = pjsip.read_text("utf-8").replace("rtp_timeout = 30", f"rtp_timeout = {rtp_timeout_s}")
        pjsip.write_text(text, "utf-8")
        try:
            asterisk.start()
            yield asterisk
        finally:
            asterisk.stop()
            shutil.rmtree(home, ignore_errors=True)


@asynccontextmanager
async def linked(ami: Ami) -> AsyncIterator[Ami]:
    """The link is up while the block runs."""
    task = asyncio.get_running_loop().create_task(ami.run())
    try:
        async with asyncio.timeout(60):
            await ami.wait_up()
        yield ami
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def answering(asterisk: RealAsterisk, **routes: Handler) -> AsyncIterator[FastAgiServer]:
    """A FastAGI server takes this Asterisk's calls while the block runs."""
    server = FastAgiServer(routes, port=asterisk.fastagi_port)
    task = asyncio.get_running_loop().create_task(server.run())
    try:
        async with asyncio.timeout(60):
            await server.is_listening.wait()
        yield server
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
