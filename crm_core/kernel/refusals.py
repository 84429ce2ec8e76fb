"""What PostgreSQL's no means: not now, not beside another transaction, not with this value, or a fault of ours."""

from typing import NoReturn

import asyncpg

from crm_core.kernel.errors import DatabaseBusyError, DatabaseUnavailableError, HcrmError, InvalidInputError

BUSY = ("40", "55P03")  # victim of a deadlock or of serialization; a lock that did not come in time
AWAY = ("08", "53", "57", "25006")  # no connection, no room, told to stop or too slow, failed over to a standby

# out of the range of its column, no day or time, a character no text may hold; names what is not there
UNFIT = ("22003", "22007", "22008", "22021", "22P05", "23503")


def raise_unavailable(error: Exception) -> NoReturn:
    """To be called where `error` was caught: raises what callers understand, or `error` itself when asking again would
    not help."""
    known = _unfit(error) or _unavailable(error)
    if known is None:
        raise error
    raise known from error


def _unfit(error: Exception) -> HcrmError | None:
    """The last net: values are checked where they come in."""
    is_refused_before_it_was_sent = isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)
    state = (error.sqlstate or "") if isinstance(error, asyncpg.PostgresError) else ""
    return InvalidInputError(type(error).__name__) if is_refused_before_it_was_sent or state in UNFIT else None


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
