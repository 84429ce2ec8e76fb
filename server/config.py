"""Every setting of hcrm: one frozen dataclass per part. Defaults, then hcrm.toml, then HCRM_... variables."""

import dataclasses
import itertools
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from crm_core.kernel.errors import InvalidInputError
from server import settings as s
from server.database_settings import DatabaseSettings
from server.desk_settings import Desks
from server.settings import PortRange, setting

CHECKOUT = Path(__file__).resolve().parent.parent
LOCALES = ("zh_CN", "en")
EVERYWHERE = ("0.0.0.0", "::")


class ConfigError(InvalidInputError):
    """One or more settings cannot be used; the text has one line for each."""

    code = "config"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where things lie on disk."""

    home: Path = setting("HOME", (CHECKOUT / ".hcrm").resolve(), "Where this hospital keeps its state.", parse=s.path)
    cache: Path = setting("CACHE", s.path("~/.cache/hcrm"), "Where set-up keeps what it downloaded.", parse=s.path)

    @property
    def asterisk(self) -> Path:
        """Asterisk's own folder: etc, run, spool, monitor, prompts."""
        return self.home / "asterisk"

    @property
    def monitor(self) -> Path:
        """Where Asterisk writes the two sides of a call until the server has encrypted them."""
        return self.asterisk / "monitor"

    @property
    def prompts(self) -> Path:
        """Spoken prompts: written by the server, read by Asterisk."""
        return self.asterisk / "prompts"

    @property
    def recordings(self) -> Path:
        """Encrypted audio."""
        return self.home / "recordings"

    @property
    def postgres(self) -> Path:
        """The embedded PostgreSQL's data."""
        return self.home / "postgres"

    @property
    def carrier(self) -> Path:
        """The simulated carrier's Asterisk."""
        return self.home / "carrier"

    @property
    def secrets(self) -> Path:
        """Generated secrets, readable by their owner only."""
        return self.home / "secrets.json"

    @property
    def logins(self) -> Path:
        """The demo's logins, as printed at first start."""
        return self.home / "logins.txt"

    @property
    def logs(self) -> Path:
        """One file per process the demo started."""
        return self.home / "logs"

    @property
    def modem(self) -> Path:
        """The simulated modem's device."""
        return self.home / "modem0"

    @property
    def gsm_control(self) -> Path:
        """The socket of the simulated GSM network."""
        return self.home / "gsm.sock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where everything listens; HCRM_PORT_OFFSET is already added."""

    offset: int = setting("PORT_OFFSET", 0, "Added to all ports, so that two can run.", parse=s.port_offset)
    listen: str = setting("LISTEN", "127.0.0.1", "Address of the web pages and the API.", parse=s.text)
    sip_listen: str = setting("SIP_LISTEN", "127.0.0.1", "Address of SIP, RTP and the softphones.", parse=s.text)
    http: int = setting("HTTP_PORT", 8080, "Web pages and REST API.", parse=s.port, shifts=True)
    sip: int = setting("SIP_PORT", 5060, "SIP over UDP: the trunk.", parse=s.port, shifts=True)
    asterisk_http: int = setting(
        "ASTERISK_HTTP_PORT", 8088, "Asterisk's WebSocket for softphones.", parse=s.port, shifts=True
    )
    ami: int = setting("AMI_PORT", 5038, "Asterisk's manager interface.", parse=s.port, shifts=True)
    fastagi: int = setting("FASTAGI_PORT", 4573, "Where Asterisk asks what comes next.", parse=s.port, shifts=True)
    audiosocket: int = setting("AUDIOSOCKET_PORT", 9092, "Sound of calls for recognition.", parse=s.port, shifts=True)
    rtp: PortRange = setting(
        "RTP_PORTS", PortRange(20_000, 20_999), "UDP ports of calls.", parse=s.port_range, shifts=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """How browsers on other machines reach the pages: docs/https.md."""

    public_url: str = setting(
        "PUBLIC_URL", "", "What people type to reach us, https://HOST; empty: this machine only.", parse=s.origin
    )
    tls_cert: Path | None = setting(
        "TLS_CERT", None, "A certificate with its chain (PEM), when no proxy speaks TLS for us.", parse=s.file
    )
    tls_key: Path | None = setting("TLS_KEY", None, "The certificate's private key (PEM).", parse=s.file)
    trusted_proxies: tuple[str, ...] = setting(
        "TRUSTED_PROXIES", ("127.0.0.1", "::1"), "Whose X-Forwarded-For and -Proto are believed.", parse=s.addresses
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """The telephone carrier."""

    carrier: tuple[str, int] | None = setting(
        "CARRIER", None, "The carrier as sip:HOST:PORT; empty: the demo's simulated one.", parse=s.sip_peer
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Modems:
    """The GSM modems."""

    devices: tuple[str, ...] = setting(
        "MODEMS", (), "Modem devices with commas between; empty: the demo's simulated one.", parse=s.names
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Conversations by text, and what patients are told of by themselves."""

    silent_hours: int = setting(
        "SMS_SILENT_HOURS",
        12,
        "Hours after one of us wrote in which no machine answers; 0: none.",
        parse=s.silent_hours,
    )
    bookings: bool = setting(
        "BOOKING_TEXTS", True, "Tell patients what an agent or the voice menu booked or cancelled.", parse=s.yes_or_no
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hospital:
    """Where the hospital is."""

    locale: str = setting("LOCALE", "zh_CN", "Language of pages and prompts first offered.", parse=s.one_of(*LOCALES))
    name: str = setting(
        "HOSPITAL_NAME", "示例医院", "What the hotline, texts and pages call the hospital.", parse=s.text
    )
    name_en: str = setting("HOSPITAL_NAME_EN", "Example Hospital", "The same in English.", parse=s.text)
    address: str = setting("HOSPITAL_ADDRESS", "", "Where letters come from, as envelopes say it.", parse=s.text)
    postcode: str = setting("HOSPITAL_POSTCODE", "", "Its postcode, six digits.", parse=s.postcode)
    number: str = setting(
        "HOSPITAL_NUMBER", "4000", "The caller ID of outbound calls: digits the carrier accepts.", parse=s.digits
    )
    timezone: ZoneInfo = setting("TIMEZONE", ZoneInfo("Asia/Shanghai"), "The hospital's time zone.", parse=s.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """How people come in."""

    second_factor: tuple[str, ...] = setting(
        "SECOND_FACTOR",
        ("admin", "auditor"),
        "Roles that may not log in without a second factor, with commas between, or none; the demo asks nobody.",
        parse=s.some_of("admin", "supervisor", "agent", "nurse", "marketer", "auditor"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminders:
    """Calls that remind of appointments. Whether somebody may be called, and when, is consent's to say."""

    plan_from: time | None = setting(
        "REMIND_FROM", time(10), "When, each day, tomorrow's reminders begin; never: only by hand.", parse=s.hour
    )
    lines: int = setting("REMINDER_LINES", 4, "Lines of the trunk that reminders may take at once.", parse=s.lines)
    ring_s: int = setting("RING_S", 30, "Seconds a patient's telephone rings, at least 15.", parse=s.ring_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recordings:
    """How long audio is kept."""

    call_days: int = setting("RECORDING_DAYS", 1095, "Days until a call's recording is deleted.", parse=s.days)
    voicemail_days: int = setting("VOICEMAIL_DAYS", 365, "Days until a voicemail is deleted.", parse=s.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """What is written to the log."""

    level: str = setting(
        "LOG_LEVEL", "INFO", "The least severe record kept.", parse=s.one_of("DEBUG", "INFO", "WARNING", "ERROR")
    )
    show_personal: bool = setting(
        "LOG_PERSONAL", False, "Show names, numbers and texts in the log; never in production.", parse=s.yes_or_no
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """The hospital to try; `hcrm demo` sets it for what it starts."""

    enabled: bool = setting(
        "DEMO", False, "A demo hospital: handset page, simulated carrier and modem.", parse=s.yes_or_no
    )
    history: bool = setting(
        "DEMO_HISTORY", True, "Whether the demo begins with two weeks of calls, texts and work.", parse=s.yes_or_no
    )
    carrier_port: int = setting("DEMO_CARRIER_PORT", 5065, "SIP of the simulated carrier.", parse=s.port, shifts=True)
    carrier_rtp: PortRange = setting(
        "DEMO_CARRIER_RTP_PORTS",
        PortRange(28_000, 28_999),
        "UDP ports of the simulated carrier's calls.",
        parse=s.port_range,
        shifts=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All parts; read once at start by `load`."""

    places: Places = Places()
    database: DatabaseSettings = DatabaseSettings()
    ports: Ports = Ports()
    web: Web = Web()
    trunk: Trunk = Trunk()
    modems: Modems = Modems()
    texts: Texts = Texts()
    hospital: Hospital = Hospital()
    accounts: Accounts = Accounts()
    desks: Desks = Desks()
    reminders: Reminders = Reminders()
    recordings: Recordings = Recordings()
    logs: Logs = Logs()
    demo: Demo = Demo()
    sources: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def modem_devices(self) -> tuple[str, ...]:
        """What HCRM_MODEMS names, else the demo's modem, else none."""
        if self.modems.devices or not self.demo.enabled:
            return self.modems.devices
        return (str(self.places.modem),)

    @property
    def own_url(self) -> str:
        """Where this machine reaches its own pages."""
        host = "127.0.0.1" if self.ports.listen in EVERYWHERE else self.ports.listen
        scheme = "https" if self.web.tls_cert else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.ports.http}"

    @property
    def public_url(self) -> str:
        """Where people reach them."""
        return self.web.public_url or self.own_url

    @property
    def carrier(self) -> tuple[str, int] | None:
        """Host and port of the trunk's other end; None when there is no trunk."""
        if self.trunk.carrier or not self.demo.enabled:
            return self.trunk.carrier
        return "127.0.0.1", self.demo.carrier_port


def load(environ: Mapping[str, str] | None = None, toml: Path | None = None) -> Config:
    """The settings of this process. Raises ConfigError naming every setting that cannot be used."""
    environ = os.environ if environ is None else environ
    written, file_name = _read_toml(toml or Path(environ.get("HCRM_CONFIG") or CHECKOUT / "hcrm.toml"))
    spoken = {name: value for name, value in environ.items() if value.strip()}
    return build([(file_name, written), ("environment", spoken)])


def _read_toml(path: Path) -> tuple[dict[str, str], str]:
    try:
        values = s.without_prefix(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return {}, path.name
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    unknown = sorted(set(values) - set(known_names()))
    if unknown:
        raise ConfigError(f"{path}: no such setting: " + ", ".join(unknown))
    return values, path.name


def known_names() -> list[str]:
    """Every environment variable that is a setting."""
    return [s.about(field).name for _, field in fields()]


def fields() -> Iterator[tuple[str, dataclasses.Field[Any]]]:
    """Every setting with the part it belongs to."""
    for part in dataclasses.fields(Config):
        if isinstance(part.type, type) and dataclasses.is_dataclass(part.type):
            for field in dataclasses.fields(part.type):
                yield part.name, field


def build(layers: Sequence[tuple[str, Mapping[str, str]]]) -> Config:
    """From layers of texts by variable name; a later layer wins. Pure. Raises ConfigError."""
    found: dict[str, dict[str, Any]] = {}
    sources: dict[str, str] = {}
    faults: list[str] = []
    for part, field in fields():
        about = s.about(field)
        for source, values in layers:
            if about.name not in values:
                continue
            try:
                found.setdefault(part, {})[field.name] = about.parse(values[about.name])
                sources[about.name] = source
            except ValueError as error:
                faults.append(f"{about.name} ({source}) {error}")
    if faults:
        raise ConfigError("\n".join(faults))
    return _assemble(found, sources)


def _assemble(found: Mapping[str, Mapping[str, Any]], sources: Mapping[str, str]) -> Config:
    offset = int(found.get("ports", {}).get("offset", 0))
    parts = {}
    for part in dataclasses.fields(Config):
        if isinstance(part.type, type) and dataclasses.is_dataclass(part.type):
            parts[part.name] = _shift(part.type(**found.get(part.name, {})), offset)
    config = Config(**parts, sources=dict(sources))
    _refuse_clashes(config)
    _refuse_half_tls(config.web)
    return config


def _shift(part: Any, offset: int) -> Any:
    moved: dict[str, object] = {}
    for field in dataclasses.fields(part):
        if s.about(field).shifts:
            value = getattr(part, field.name)
            moved[field.name] = (
                PortRange(value.first + offset, value.last + offset) if isinstance(value, PortRange) else value + offset
            )
    return dataclasses.replace(part, **moved)


def ports_in_use(config: Config) -> dict[str, tuple[int, int]]:
    """First and last port of every setting that listens."""
    taken = {}
    for part, field in fields():
        value = getattr(getattr(config, part), field.name)
        if s.about(field).shifts:
            taken[s.about(field).name] = (value, value) if isinstance(value, int) else (value.first, value.last)
    return taken


def _refuse_clashes(config: Config) -> None:
    taken = sorted(ports_in_use(config).items(), key=lambda item: item[1])
    faults = [f"{name} goes past port {s.HIGHEST_PORT}" for name, (_, last) in taken if last > s.HIGHEST_PORT]
    for (name, (_, last)), (other, (first, _)) in itertools.pairwise(taken):
        if first <= last:
            faults.append(f"{name} and {other} want the same port {first}")
    if faults:
        raise ConfigError("\n".join(faults))


def _refuse_half_tls(web: Web) -> None:
    if bool(web.tls_cert) != bool(web.tls_key):
        raise ConfigError("HCRM_TLS_CERT and HCRM_TLS_KEY belong together: set both or neither")
    if web.tls_cert and web.public_url.startswith("http:"):
        raise ConfigError("HCRM_PUBLIC_URL must begin with https:// when HCRM_TLS_CERT is set")
