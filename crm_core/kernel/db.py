"""PostgreSQL: one pool, one transaction type that carries the clock, the actor and the reactions to events."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from crm_core.kernel.actor import Actor
from crm_core.kernel.clock import Clock, utc_now
from crm_core.kernel.errors import DatabaseUnavailableError
from crm_core.kernel.event import NOTIFY_CHANNEL, Event, Handler, Subscription, notice

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
HandlerTable = Mapping[type[Event], Sequence[Handler]]

CONNECT_TIMEOUT_S = 3.0
POOL_WAIT_S = 5.0
STATEMENT_TIMEOUT_MS = 15_000
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


@dataclass(slots=True)
class Tx:
    """One open transaction. `now` is read once, so everything in it happens at one instant."""

    conn: Connection
    now: datetime
    actor: Actor
    handlers: HandlerTable

    async def emit(self, event: Event) -> None:
        """Run the reactions in this transaction; the notice leaves at commit."""
        for handler in self.handlers.get(type(event), ()):
            await handler(event, self)
        await self.conn.execute("SELECT pg_notify($1, $2)", NOTIFY_CHANNEL, notice(event))


def handler_table(subscriptions: Iterable[Subscription]) -> HandlerTable:
    """Reactions by event type, in the order given."""
    table: dict[type[Event], list[Handler]] = defaultdict(list)
    for event_type, handler in subscriptions:
        table[event_type].append(handler)
    return table


@dataclass(slots=True)
class Database:
    """What services are given. Holds no state of its own but the pool."""

    pool: asyncpg.Pool
    handlers: HandlerTable
    clock: Clock = utc_now

    @asynccontextmanager
    async def transaction(self, actor: Actor, *, at: datetime | None = None) -> AsyncIterator[Tx]:
        """Commit at the end, roll back on any exception. Raises DatabaseUnavailableError when PostgreSQL is away.

        `at`: when that happened which is only now written down.
        """
        async with self.connection() as conn:
            transaction = conn.transaction()
            await transaction.start()
            try:
                yield Tx(conn=conn, now=at or self.clock(), actor=actor, handlers=self.handlers)
            except GIVEN_UP:
                raise  # the connection is cut, so PostgreSQL rolls back by itself
            except BaseException:
                await transaction.rollback()
                raise
            await transaction.commit()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """For reading, or one statement of its own.

        Raises DatabaseUnavailableError when PostgreSQL is away or does not answer in time.

        Who gives up waiting, by a timeout or because the task is cancelled, does not wait for PostgreSQL's consent.
        """
        try:
            conn = await self.pool.acquire(timeout=POOL_WAIT_S)
        except CANNOT_CONNECT as error:
            raise DatabaseUnavailableError(type(error).__name__) from error
        try:
            yield conn
        except asyncio.CancelledError:
            conn.terminate()
            raise
        except TimeoutError as error:
            conn.terminate()
            raise DatabaseUnavailableError("no answer in time") from error
        except LOST as error:
            raise DatabaseUnavailableError(type(error).__name__) from error
        finally:
            await self._release(conn)

    async def _release(self, conn: asyncpg.pool.PoolConnectionProxy) -> None:
        with suppress(*LOST, TimeoutError):  # a dead connection is dropped by the pool
            await self.pool.release(conn, timeout=CONNECT_TIMEOUT_S)


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
    url: str, *, subscriptions: Iterable[Subscription] = (), clock: Clock = utc_now, max_size: int = 10
) -> AsyncIterator[Database]:
    """A pool for one process. json columns are Python values; statements end after 15 s."""
    pool = await create_pool(url, max_size=max_size)
    try:
        yield Database(pool=pool, handlers=handler_table(subscriptions), clock=clock)
    finally:
        await close_pool(pool)


async def create_pool(url: str, *, max_size: int) -> asyncpg.Pool:
    """Raises DatabaseUnavailableError when nothing answers at `url`."""
    try:
        return await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=max_size,
            init=_prepare,
            reset=_leave_as_it_is,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=STATEMENT_TIMEOUT_MS / 1000,
            server_settings={
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                "application_name": "hcrm",
            },
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
