"""What PostgreSQL's no means: not now, not beside another transaction, or a fault of ours."""

from typing import NoReturn

import asyncpg

from crm_core.kernel.errors import DatabaseBusyError, DatabaseUnavailableError

BUSY = ("40", "55P03")  # victim of a deadlock or of serialization; a lock that did not come in time
AWAY = ("08", "53", "57", "25006")  # no connection, no room, told to stop or too slow, failed over to a standby


def raise_unavailable(error: Exception) -> NoReturn:
    """To be called where `error` was caught: raises what callers understand, or `error` itself when asking again would
    not help."""
    away = _unavailable(error)
    if away is None:
        raise error
    raise away from error


def _unavailable(error: Exception) -> DatabaseUnavailableError | None:
    name = type(error).__name__
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        if state.startswith(BUSY):
            return DatabaseBusyError(name)
        return DatabaseUnavailableError(name) if state.startswith(AWAY) else None
    return DatabaseUnavailableError("no answer in time" if isinstance(error, TimeoutError) else name)


def is_rolled_back(error: Exception) -> bool:
    """Whether this answer to COMMIT makes it certain that nothing was done: an ERROR, not the end of a connection."""
    return isinstance(error, asyncpg.PostgresError) and getattr(error, "severity_en", None) == "ERROR"
