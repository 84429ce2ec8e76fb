"""How a setting is described, read from text and checked. Which settings there are is in `config.py`."""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import time
from ipaddress import ip_network
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

Parse = Callable[[str], Any]
KEY = "hcrm"
HIGHEST_PORT = 65_535
DEFAULT_PORTS = {"http": 80, "https": 443}
PREFIX = "HCRM_"


class PortRange(NamedTuple):
    """Both ends belong to it."""

    first: int
    last: int


@dataclasses.dataclass(frozen=True, slots=True)
class About:
    """What `check-config` says of one setting. `name` is the environment variable; `shifts` adds HCRM_PORT_OFFSET."""

    name: str
    help: str
    parse: Parse
    secret: bool = False
    shifts: bool = False


def setting(  # a dataclass field, as dataclasses.field is
    name: str, default: Any, help: str, *, parse: Parse, secret: bool = False, shifts: bool = False
) -> Any:
    """A field of a part, read from `HCRM_<name>` or from `<name>` in hcrm.toml."""
    about = About(PREFIX + name, help, parse, secret, shifts)
    return dataclasses.field(default=default, metadata={KEY: about})


def about(field: dataclasses.Field[Any]) -> About:
    """The description `setting` left in the field."""
    described: About = field.metadata[KEY]
    return described


def from_toml(value: object) -> str:
    """TOML's numbers, booleans and lists as the text the environment would carry."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return str(value)


def text(raw: str) -> str:
    """Anything, without spaces around it."""
    return raw.strip()


def digits(raw: str) -> str:
    """A telephone number as it is dialled."""
    if not (raw.strip().isascii() and raw.strip().isdigit() and len(raw.strip()) <= 20):
        raise ValueError("must be digits, at most 20")
    return raw.strip()


def postcode(raw: str) -> str:
    """Six digits, or nothing."""
    if raw.strip() and not (raw.strip().isascii() and raw.strip().isdigit() and len(raw.strip()) == 6):
        raise ValueError("must be six digits")
    return raw.strip()


def path(raw: str) -> Path:
    """Made absolute from the working directory, links followed; `~` is the user's home."""
    return Path(raw).expanduser().resolve()


def file(raw: str) -> Path | None:
    """A path; nothing at all is None."""
    return path(raw) if raw.strip() else None


def origin(raw: str) -> str:
    """`https://hotline.example.org`, as browsers write an origin: lower case, no path, no default port."""
    if not raw.strip():
        return ""
    parts = urlsplit(raw.strip())
    more = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or more:
        raise ValueError("must look like https://HOST or https://HOST:PORT")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    is_default = parts.port in (None, DEFAULT_PORTS[parts.scheme])
    return f"{parts.scheme}://{host}" + ("" if is_default else f":{parts.port}")


def addresses(raw: str) -> tuple[str, ...]:
    """IP addresses or networks with commas between."""
    try:
        return tuple(str(ip_network(name, strict=False)) for name in names(raw))
    except ValueError:
        raise ValueError("must be IP addresses or networks, as in 10.0.0.5,192.168.1.0/24") from None


def whole_number(raw: str, *, lowest: int, highest: int) -> int:
    """Raises ValueError with a sentence for staff."""
    if not raw.strip().lstrip("-").isdigit() or not lowest <= int(raw) <= highest:
        raise ValueError(f"must be a whole number from {lowest} to {highest}")
    return int(raw)


def days(raw: str) -> int:
    """At least one."""
    return whole_number(raw, lowest=1, highest=36_500)


def connections(raw: str) -> int:
    """Of one process; PostgreSQL has as many as its max_connections for all of them."""
    return whole_number(raw, lowest=2, highest=100)


def lines(raw: str) -> int:
    """Lines of a trunk."""
    return whole_number(raw, lowest=1, highest=500)


def rings(raw: str) -> int:
    """How often a telephone rings in vain; none is said by 0."""
    return whole_number(raw, lowest=0, highest=20)


def wrap_up_s(raw: str) -> int:
    """How long an agent writes; no limit is said by 0."""
    return whole_number(raw, lowest=0, highest=3600)


def ring_s(raw: str) -> int:
    """How long a telephone rings; shorter than 15 s people are not at it yet."""
    return whole_number(raw, lowest=15, highest=120)


def silent_hours(raw: str) -> int:
    """0 to a week."""
    return whole_number(raw, lowest=0, highest=7 * 24)


def hour(raw: str) -> time | None:
    """`10:00`; `never` is None."""
    if raw.strip().lower() == "never":
        return None
    try:
        return time.fromisoformat(raw.strip())
    except ValueError:
        raise ValueError("must be a time such as 10:00, or never") from None


def port(raw: str) -> int:
    """A TCP or UDP port."""
    return whole_number(raw, lowest=1, highest=HIGHEST_PORT)


def port_offset(raw: str) -> int:
    """Added to every port."""
    return whole_number(raw, lowest=0, highest=40_000)


def port_range(raw: str) -> PortRange:
    """`20000-20999`."""
    first, dash, last = raw.partition("-")
    if not dash:
        raise ValueError("must be two ports, as in 20000-20999")
    found = PortRange(port(first), port(last))
    if found.first >= found.last:
        raise ValueError("must name the lower port first")
    return found


def names(raw: str) -> tuple[str, ...]:
    """A list with commas."""
    return tuple(name.strip() for name in raw.split(",") if name.strip())


def some_of(*choices: str) -> Parse:
    """Any of these words with commas between; `none` is none of them."""

    def parse(raw: str) -> tuple[str, ...]:
        found = () if raw.strip().lower() == "none" else names(raw)
        if not set(found) <= set(choices):
            raise ValueError("must be none, or some of " + ", ".join(choices))
        return found

    return parse


def one_of(*choices: str) -> Parse:
    """Exactly one of these words."""

    def parse(raw: str) -> str:
        if raw.strip() not in choices:
            raise ValueError("must be one of " + ", ".join(choices))
        return raw.strip()

    return parse


def yes_or_no(raw: str) -> bool:
    """yes, no, true, false, on, off, 1, 0."""
    word = raw.strip().lower()
    if word in {"yes", "true", "on", "1"}:
        return True
    if word in {"no", "false", "off", "0"}:
        return False
    raise ValueError("must be yes or no")


def time_zone(raw: str) -> ZoneInfo:
    """A name of the time zone database."""
    try:
        return ZoneInfo(raw.strip())
    except (OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError and an OSError elsewhere
        pass
    except KeyError:
        pass
    raise ValueError("must be a time zone such as Asia/Shanghai")


def postgres_url(raw: str) -> str:
    """`postgresql://user:password@host:port/database`."""
    parts = urlsplit(raw.strip())
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise ValueError("must look like postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    return raw.strip()


def sip_peer(raw: str) -> tuple[str, int] | None:
    """`sip:HOST:PORT` as host and port; nothing at all is None."""
    if not raw.strip():
        return None
    scheme, _, rest = raw.strip().partition(":")
    host, _, number = rest.rpartition(":")
    if scheme != "sip" or not host or any(sign in host for sign in " ;@"):
        raise ValueError("must look like sip:HOST:PORT")
    return host, port(number)


def shown(value: object) -> str:
    """A value as it would be written in the environment."""
    match value:
        case None:
            return ""
        case PortRange(first, last):
            return f"{first}-{last}"
        case tuple((str() as host, int() as number)):
            return f"sip:{host}:{number}"
        case tuple():
            return ",".join(str(item) for item in value)
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def masked(value: str) -> str:
    """A URL keeps everything but its password; any other secret keeps nothing."""
    if not value:
        return ""
    password = urlsplit(value).password
    return value.replace(f":{password}@", ":***@", 1) if password else ("***" if "://" not in value else value)


def without_prefix(values: Mapping[str, object]) -> dict[str, str]:
    """The keys of hcrm.toml as environment names: `http_port` is `HCRM_HTTP_PORT`."""
    return {PREFIX + key.upper().removeprefix(PREFIX): from_toml(value) for key, value in values.items()}
