"""Settings of the database."""

from dataclasses import dataclass

from server import settings as s
from server.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """Which PostgreSQL."""

    url: str = setting(
        "DATABASE_URL", "", "A PostgreSQL to use instead of the embedded one.", parse=s.postgres_url, secret=True
    )
    owner_url: str = setting(
        "DATABASE_OWNER_URL",
        "",
        "The same PostgreSQL as the owner of its tables, for `hcrm migrate`; the server never uses it.",
        parse=s.postgres_url,
        secret=True,
    )
    call_connections: int = setting(
        "CALL_CONNECTIONS",
        10,
        "Connections kept for telephone calls: callers, desks, the call log, reminders. Pages cannot take them.",
        parse=s.connections,
    )
    connections: int = setting(
        "DATABASE_CONNECTIONS", 20, "Connections for pages, the API, texts and jobs.", parse=s.connections
    )
    postgres_port: int = setting("POSTGRES_PORT", 5442, "Port of the embedded PostgreSQL.", parse=s.port, shifts=True)
