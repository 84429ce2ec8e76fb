"""Writes the carrier's configuration and voices below a folder and says how to start it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.carrier import voice
from telephony.provision.asterisk import Asterisk

TEMPLATES = Path(__file__).with_name("conf")
SILENT_DEFAULTS = ("acl", "ccss", "cel", "features", "manager", "pjproject", "stasis", "udptl")  # nothing in them
STATE_FOLDERS = ("lib/keys", "agi", "spool", "run", "log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """Where the carrier lives and listens. `ring_s` is how long its people let it ring."""

    folder: Path  # HOME/carrier
    asterisk: Asterisk
    espeak: Path  # the program
    sip_port: int
    rtp_ports: tuple[int, int]  # first and last, not the hotline's
    host: str = "127.0.0.1"
    ring_s: float = 1.5

    @property
    def config(self) -> Path:
        """The asterisk.conf to start with."""
        return self.folder / "conf" / "asterisk.conf"


def provision(carrier: Carrier) -> None:
    """Make folders, configuration and sounds; run it before every start, it changes only what differs.

    Raises OSError or subprocess.SubprocessError when espeak-ng is missing or fails.
    """
    for name in STATE_FOLDERS:
        (carrier.folder / "state" / name).mkdir(parents=True, exist_ok=True)
    carrier.config.parent.mkdir(exist_ok=True)
    voice.write_lines(carrier.folder / "sounds", espeak=carrier.espeak)
    for name in SILENT_DEFAULTS:
        (carrier.config.parent / f"{name}.conf").write_text("")
    values = _values(carrier)
    for template in sorted(TEMPLATES.glob("*.conf")):
        (carrier.config.parent / template.name).write_text(fill(template.read_text(), values))


def command(carrier: Carrier) -> list[str]:
    """The foreground process a supervisor starts, with `carrier.asterisk.env` beside its own environment."""
    return carrier.asterisk.foreground(carrier.config)


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with every @NAME@ replaced."""
    for name, value in values.items():
        template = template.replace(f"@{name}@", value)
    return template


def _values(carrier: Carrier) -> dict[str, str]:
    first, last = carrier.rtp_ports
    return {
        "CONF": str(carrier.config.parent),
        "MODULES": str(carrier.asterisk.modules),
        "DATA": str(carrier.asterisk.data),
        "STATE": str(carrier.folder / "state"),
        "SOUNDS": str(carrier.folder / "sounds"),
        "HOST": carrier.host,
        "SIP_PORT": str(carrier.sip_port),
        "RTP_FIRST": str(first),
        "RTP_LAST": str(last),
        "RING_S": f"{carrier.ring_s:g}",
    }
