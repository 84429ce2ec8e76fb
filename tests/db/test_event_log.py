"""The event log: whoever reads it step by step reads everything once, in an order, however slowly others commit."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from crm_core import events
from crm_core.events import PatientRegistered, SmsRead, TaskOpened
from crm_core.kernel import event_log
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.cursor import parse
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.event import Event
from crm_core.kernel.event_log import KEPT, ForgottenError, Logged, Place, Stretch
from crm_core.kernel.ids import PatientId, TaskId, ThreadId
from tests.eventually import eventually

pytestmark = pytest.mark.db


async def happens(tx: Tx, *threads: int) -> None:
    """Staff opened conversations: as good an event as any."""
    for thread in threads:
        await tx.emit(SmsRead(thread_id=ThreadId(thread)))


async def happened(db: Database, *threads: int) -> None:
    async with db.transaction(SYSTEM) as tx:
        await happens(tx, *threads)


@asynccontextmanager
async def slowly(db: Database, thread: int) -> AsyncIterator[None]:
    """Written before the block, committed after it, on a connection of its own."""
    async with db.own_connection() as conn, conn.transaction():
        await happens(Tx(conn=conn, now=db.clock(), actor=SYSTEM, handlers={}, zone=db.zone), thread)
        yield


async def read(
    db: Database, after: Place | None = None, *, types: list[str] | None = None, limit: int = 100
) -> Stretch:
    async with db.connection() as conn:
        return await event_log.read(conn, after, types=types, limit=limit)


def threads(stretch: Stretch) -> list[int]:
    return [event.public["thread_id"] for event in stretch.events]


class Reader:
    """Asks again and again from where it was."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.place: Place | None = None
        self.seen: list[Logged] = []

    async def look(self, *, limit: int = 2) -> list[int]:
        """All it has read so far."""
        stretch = await read(self.db, self.place, limit=limit)
        cursor = parse(str(stretch.place.cursor))
        assert cursor is not None
        self.place = Place.of(cursor)
        self.seen += stretch.events
        return [event.public["thread_id"] for event in self.seen]

    async def looks_until(self, *wanted: int) -> None:
        """Another test's transaction on this server may hold it up."""

        async def has_read() -> bool:
            return sorted(await self.look()) == sorted(wanted)

        await eventually(has_read, what="everything was read")


async def test_a_reader_waits_for_who_began_earlier_and_skips_nobody(database: Database) -> None:
    reader = Reader(database)
    async with slowly(database, 1):
        await happened(database, 2)
        await happened(database, 3)
        assert await reader.look() == []  # 2 and 3 have larger numbers than 1, which nobody can see yet
    await reader.looks_until(1, 2, 3)
    assert [event.public["thread_id"] for event in reader.seen] == [1, 2, 3]
    await happened(database, 4)
    await reader.looks_until(1, 2, 3, 4)


async def test_what_is_rolled_back_holds_nobody_up_and_is_not_told(database: Database) -> None:
    reader = Reader(database)
    with suppress(RuntimeError):
        async with slowly(database, 1):
            await happened(database, 2)
            raise RuntimeError("the slow one fails")
    await reader.looks_until(2)


async def test_only_types_that_were_asked_for_and_never_more_than_the_limit(database: Database) -> None:
    async with database.transaction(SYSTEM) as tx:
        await happens(tx, 1, 2, 3)
        await tx.emit(TaskOpened(task_id=TaskId(7), kind="todo"))

    async def can_be_read() -> bool:
        return bool((await read(database)).events)

    await eventually(can_be_read, what="settled")
    found = await read(database, types=["TaskOpened"])
    assert [(one.type, one.public) for one in found.events] == [
        ("TaskOpened", {"task_id": 7, "kind": "todo", "patient_id": None})
    ]
    page = await read(database, limit=2)
    assert (threads(page), page.is_end) == ([1, 2], False)
    rest = await read(database, page.place, types=["SmsRead"])
    assert (threads(rest), rest.is_end) == ([3], True)


async def test_an_import_is_written_down_but_wakes_nobody(database: Database) -> None:
    heard: list[object] = []
    async with database.own_connection() as conn:
        await conn.add_listener("hcrm_event", lambda *told: heard.append(told[-1]))
        async with database.transaction(SYSTEM) as tx:
            await tx.emit(PatientRegistered(patient_id=PatientId(5)))
            await happens(tx, 1)
        await eventually(lambda: bool(heard), what="the notice")
        told = await event_log.told_since(conn, 0, 10)
    assert [str(one) for one in heard] == ['{"type":"SmsRead","thread_id":1}']
    assert [one["type"] for one in told] == ["PatientRegistered", "SmsRead"]


async def test_who_was_away_too_long_is_told_and_who_begins_anew_is_not(database: Database) -> None:
    reader = Reader(database)
    await happened(database, 1)
    await reader.looks_until(1)
    old = reader.place
    await happened(database, 2)
    async with database.connection() as conn:
        await conn.execute("UPDATE event_log SET written_at = written_at - $1::interval", KEPT + timedelta(minutes=1))
    async with database.transaction(SYSTEM, at=database.clock() - 2 * KEPT) as tx:
        await happens(tx, 3)  # long ago, and news
    assert await event_log.forget(database) == 2
    assert await event_log.forget(database) == 0
    with pytest.raises(ForgottenError):
        await read(database, old)
    anew = Reader(database)
    await anew.looks_until(3)


async def test_after_a_restore_no_old_place_is_believed(database: Database) -> None:
    await happened(database, 1)
    async with database.connection() as conn:
        place = await event_log.now(conn)
    for other in (Place(place.era + 1, place.tx, 0), Place(place.era, place.tx + 10**9, 0)):
        with pytest.raises(ForgottenError):
            await read(database, other)


def _told() -> list[type[Any]]:
    return [
        one for one in vars(events).values() if isinstance(one, type) and issubclass(one, Event) and one is not Event
    ]


@pytest.mark.parametrize("kind", _told(), ids=lambda kind: str(kind.__name__))
def test_nothing_that_is_hidden_in_a_log_is_told(kind: type[Any]) -> None:
    hidden = {one.name for one in fields(kind) if not one.repr}
    names = {one.name for one in fields(kind)}
    assert set(kind.public) <= names - hidden - {"msisdn", "caller", "name", "text"}
