"""Is everything we want to listen on free? Asked before anything is started."""

import errno
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from server.config import Config


@dataclass(frozen=True, slots=True)
class Taken:
    """A port somebody else has. `setting` moves ours."""

    setting: str
    address: str
    port: int
    kind: str  # tcp or udp


def wanted(config: Config) -> Iterator[Taken]:
    """What this configuration listens on, single ports only."""
    ports = config.ports
    yield Taken("HCRM_HTTP_PORT", ports.listen, ports.http, "tcp")
    yield Taken("HCRM_SIP_PORT", ports.sip_listen, ports.sip, "udp")
    yield Taken("HCRM_ASTERISK_HTTP_PORT", "127.0.0.1", ports.asterisk_http, "tcp")
    yield Taken("HCRM_AMI_PORT", "127.0.0.1", ports.ami, "tcp")
    yield Taken("HCRM_FASTAGI_PORT", "127.0.0.1", ports.fastagi, "tcp")
    if not config.database.url:
        yield Taken("HCRM_POSTGRES_PORT", "127.0.0.1", config.database.postgres_port, "tcp")
    if config.demo.enabled and not config.trunk.carrier:
        yield Taken("HCRM_DEMO_CARRIER_PORT", "127.0.0.1", config.demo.carrier_port, "udp")


def taken(config: Config) -> list[Taken]:
    """Those that cannot be had now."""
    return [one for one in wanted(config) if not _is_free(one)]


def _is_free(one: Taken) -> bool:
    kind = socket.SOCK_DGRAM if one.kind == "udp" else socket.SOCK_STREAM
    family = socket.AF_INET6 if ":" in one.address else socket.AF_INET
    with socket.socket(family, kind) as sock:
        if one.kind == "tcp":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((one.address, one.port))
        except OSError as error:
            return error.errno not in {errno.EADDRINUSE, errno.EACCES}
    return True
