"""PostgreSQL: one pool, one transaction type that carries the clock, the actor and the reactions to events."""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import asyncpg

from crm_core.kernel.actor import Actor
from crm_core.kernel.clock import Clock, utc_now
from crm_core.kernel.errors import CommitUnknownError, DatabaseBusyError, DatabaseUnavailableError
from crm_core.kernel.event import NOTIFY_CHANNEL, Event, Handler, Subscription, notice, public_of
from crm_core.kernel.refusals import is_rolled_back, raise_unavailable

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
HandlerTable = Mapping[type[Event], Sequence[Handler]]

HOME = ZoneInfo("Asia/Shanghai")  # unless the hospital says where it is
CONNECT_TIMEOUT_S = 3.0
POOL_WAIT_S = 5.0
STATEMENT_TIMEOUT_MS = 15_000
CLIENT_TIMEOUT_S = STATEMENT_TIMEOUT_MS / 1000 + 5  # above the server's: who is slow is told, who is gone is left
LOST = (
    ConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.TooManyConnectionsError,
)
CANNOT_CONNECT = (*LOST, OSError, TimeoutError)
GIVEN_UP = (asyncio.CancelledError, TimeoutError)
TRIES = 4
FIRST_WAIT_S = 0.05

_LOG = """
    WITH logged AS (INSERT INTO event_log (at, type, public) VALUES ($1, $2, $3))
    SELECT pg_notify($4, $5) WHERE $5::text IS NOT NULL
"""

T = TypeVar("T")
_MANNERS: dict[str, Any] = {  # of every connection
    "timeout": CONNECT_TIMEOUT_S,
    "command_timeout": CLIENT_TIMEOUT_S,
    "server_settings": {"statement_timeout": str(STATEMENT_TIMEOUT_MS), "application_name": "hcrm"},
}


class NestedConnectionError(RuntimeError):
    """A programming error: who holds a connection of the pool asks for a second one. Enough of them wait for each other
    until all give up, so it is refused before there are enough. Give the connection on, or ask beforehand."""


@dataclass(slots=True)
class _Hold:
    """A connection in use. Tasks begun meanwhile see it too: whoever waits for them waits with the connection."""

    is_open: bool = True


_hold: ContextVar[_Hold | None] = ContextVar("connection in use", default=None)


@contextmanager
def _the_only_one() -> Iterator[None]:
    outer = _hold.get()
    if outer and outer.is_open:
        raise NestedConnectionError
    mine = _Hold()
    _hold.set(mine)
    try:
        yield
    finally:
        mine.is_open = False


@dataclass(slots=True)
class Tx:
    """One open transaction. `now` is read once, so all of it happens at one instant; `zone` says on which day."""

    conn: Connection
    now: datetime
    actor: Actor
    handlers: HandlerTable
    zone: tzinfo

    async def emit(self, event: Event) -> None:
        """Run the reactions in this transaction and write it down; the notice leaves at commit."""
        for handler in self.handlers.get(type(event), ()):
            await handler(event, self)
        told = notice(event) if event.is_told else None
        await self.conn.execute(_LOG, self.now, type(event).__name__, public_of(event), NOTIFY_CHANNEL, told)


def handler_table(subscriptions: Iterable[Subscription]) -> HandlerTable:
    """Reactions by event type, in the order given."""
    table: dict[type[Event], list[Handler]] = defaultdict(list)
    for event_type, handler in subscriptions:
        table[event_type].append(handler)
    return table


@dataclass(slots=True)
class Database:
    """What services are given. Holds no state of its own but the pool."""

    url: str = field(repr=False)
    pool: asyncpg.Pool
    handlers: HandlerTable
    clock: Clock = utc_now
    zone: tzinfo = HOME

    @asynccontextmanager
    async def transaction(self, actor: Actor, *, at: datetime | None = None) -> AsyncIterator[Tx]:
        """Commit at the end, roll back on any exception. Raises DatabaseUnavailableError when PostgreSQL is away,
        DatabaseBusyError when it gave in to another, CommitUnknownError when nobody knows whether it was done.

        `at`: when that happened which is only now written down.
        """
        async with self.connection() as conn:
            transaction = conn.transaction()
            await transaction.start()
            try:
                yield Tx(conn=conn, now=at or self.clock(), actor=actor, handlers=self.handlers, zone=self.zone)
            except GIVEN_UP:
                raise  # the connection is cut, so PostgreSQL rolls back by itself
            except BaseException:
                await transaction.rollback()
                raise
            await _commit(transaction, conn)

    async def transact(self, actor: Actor, work: Callable[[Tx], Awaitable[T]]) -> T:
        """`work` in a transaction, a few times more when it had to give in to another one.

        So `work` changes nothing but the database, and gives back what it found instead of writing it down elsewhere.
        """
        for attempt in range(TRIES - 1):
            with suppress(DatabaseBusyError):
                async with self.transaction(actor) as tx:
                    return await work(tx)
            await asyncio.sleep(FIRST_WAIT_S * 2**attempt * random.uniform(0.5, 1.5))
        async with self.transaction(actor) as tx:
            return await work(tx)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """For reading, or one statement of its own. One at a time: raises NestedConnectionError.

        Raises DatabaseUnavailableError when PostgreSQL is away, does not answer in time or cannot do it now.

        Who gives up waiting, by a timeout or because the task is cancelled, does not wait for PostgreSQL's consent.
        """
        with _the_only_one():
            try:
                conn = await self.pool.acquire(timeout=POOL_WAIT_S)
            except (*CANNOT_CONNECT, asyncpg.PostgresError) as error:
                raise DatabaseUnavailableError(type(error).__name__) from error
            try:
                yield conn
            except asyncio.CancelledError:
                conn.terminate()
                raise
            except TimeoutError as error:
                conn.terminate()
                raise_unavailable(error)
            except (*LOST, asyncpg.PostgresError) as error:
                raise_unavailable(error)
            finally:
                await self._release(conn)

    @asynccontextmanager
    async def own_connection(self, name: str = "hcrm") -> AsyncIterator[asyncpg.Connection]:
        """Outside the pool, for as long as one likes. Raises DatabaseUnavailableError."""
        settings = _MANNERS["server_settings"] | {"application_name": name}
        try:
            conn = await asyncpg.connect(self.url, **(_MANNERS | {"server_settings": settings}))
        except CANNOT_CONNECT as error:
            raise DatabaseUnavailableError(type(error).__name__) from error
        try:
            await _prepare(conn)
            yield conn
        except (*LOST, TimeoutError, asyncpg.PostgresError) as error:
            raise_unavailable(error)
        finally:
            conn.terminate()

    async def _release(self, conn: asyncpg.pool.PoolConnectionProxy) -> None:
        with suppress(*LOST, TimeoutError):  # a dead connection is dropped by the pool
            await self.pool.release(conn, timeout=CONNECT_TIMEOUT_S)


async def _commit(transaction: asyncpg.transaction.Transaction, conn: Connection) -> None:
    try:
        await transaction.commit()
    except (*CANNOT_CONNECT, asyncpg.PostgresError) as error:
        if is_rolled_back(error):
            raise
        with suppress(asyncpg.InterfaceError):  # the pool may have dropped it already
            conn.terminate()
        raise CommitUnknownError(type(error).__name__) from error


async def _prepare(conn: Connection) -> None:
    for kind in ("json", "jsonb"):
        await conn.set_type_codec(kind, encoder=json.dumps, decoder=json.loads, schema="pg_catalog")


async def _leave_as_it_is(_conn: object) -> None:
    """Nothing to undo, so no question to PostgreSQL at every release: open transactions are rolled back by asyncpg
    itself, settings are made for one transaction only, and who listens or holds a lock gives it up by name."""


@asynccontextmanager
async def planned_for_its_values(conn: Connection) -> AsyncIterator[None]:
    """Queries inside are planned anew each time: for those whose best index depends on what is asked for."""
    async with conn.transaction():
        await conn.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        yield


@asynccontextmanager
async def open_database(
    url: str,
    *,
    subscriptions: Iterable[Subscription] = (),
    clock: Clock = utc_now,
    zone: tzinfo = HOME,
    max_size: int = 10,
) -> AsyncIterator[Database]:
    """A pool for one process. json columns are Python values; statements end after 15 s."""
    database = await connect(url, subscriptions=subscriptions, clock=clock, zone=zone, max_size=max_size)
    try:
        yield database
    finally:
        await close_pool(database.pool)


async def connect(
    url: str,
    *,
    subscriptions: Iterable[Subscription] = (),
    clock: Clock = utc_now,
    zone: tzinfo = HOME,
    max_size: int,
) -> Database:
    """The same for who closes the pool itself. Raises DatabaseUnavailableError when nothing answers at `url`."""
    pool = await create_pool(url, max_size=max_size)
    return Database(url=url, pool=pool, handlers=handler_table(subscriptions), clock=clock, zone=zone)


async def create_pool(url: str, *, max_size: int) -> asyncpg.Pool:
    """Raises DatabaseUnavailableError when nothing answers at `url`."""
    try:
        return await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=max_size,
            init=_prepare,
            reset=_leave_as_it_is,
            **_MANNERS,
        )
    except CANNOT_CONNECT as error:
        raise DatabaseUnavailableError(type(error).__name__) from error


async def close_pool(pool: asyncpg.Pool, *, grace_s: float = 3.0) -> None:
    """Politely first; a connection that hangs is cut."""
    try:
        async with asyncio.timeout(grace_s):
            await pool.close()
    except TimeoutError:
        pool.terminate()
