"""One connection of a process hears everything, holds its locks, and says when something may have been missed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from crm_core.events import SmsRead
from crm_core.kernel import notices
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database
from crm_core.kernel.event import NOTIFY_CHANNEL
from crm_core.kernel.ids import ThreadId
from crm_core.kernel.notices import CONNECTION, JOBS_CHANNEL, RESYNC, Notice, Notices
from tests.eventually import eventually
from tests.hearing import hearing

pytestmark = pytest.mark.db

LISTENING = f"FROM pg_stat_activity WHERE application_name = '{CONNECTION}' AND datname = current_database()"

IS_FREE = "SELECT pg_try_advisory_xact_lock(hashtextextended('modem', 0))"


async def asked(db: Database, question: str, *args: object) -> Any:
    async with db.connection() as conn:
        return await conn.fetchval(question, *args)


async def tell(db: Database, payload: str) -> None:
    await asked(db, "SELECT pg_notify($1, $2)", NOTIFY_CHANNEL, payload)


async def cut(db: Database) -> None:
    await asked(db, f"SELECT pg_terminate_backend(pid) {LISTENING}")


async def test_all_parts_hear_over_one_connection_and_one_that_fails_deafens_nobody(database: Database) -> None:
    heard: list[Notice] = []

    def fail(_notice: Notice) -> None:
        raise KeyError("of a part")

    async with hearing(database, fail, heard.append) as notices:
        with notices.subscribed(heard.append):
            for payload in ("no JSON", "[1]", '{"type":"TaskOpened","task_id":1}'):
                await tell(database, payload)
            await eventually(lambda: len(heard) == 3, what="two hear it")
        assert heard == [RESYNC, *[{"type": "TaskOpened", "task_id": 1}] * 2]
        assert await asked(database, f"SELECT count(*) {LISTENING}") == 1


async def read(db: Database, *threads: int) -> None:
    """Staff opened conversations: as good an event as any."""
    async with db.transaction(SYSTEM) as tx:
        for thread in threads:
            await tx.emit(SmsRead(thread_id=ThreadId(thread)))


async def break_for(db: Database, *threads: int) -> None:
    """The connection is cut, and these are read before there is another one."""
    async with db.transaction(SYSTEM) as tx:
        for thread in threads:
            await tx.emit(SmsRead(thread_id=ThreadId(thread)))
        await tx.conn.execute(f"SELECT pg_terminate_backend(pid, 5000) {LISTENING}")


async def test_after_a_break_everybody_hears_what_was_told_meanwhile_and_hears_again(database: Database) -> None:
    heard: list[Notice] = []
    jobs: list[Notice] = []
    async with hearing(database, heard.append) as line:
        with line.subscribed(jobs.append, JOBS_CHANNEL):
            await break_for(database, 1, 2)
            await eventually(lambda: jobs == [RESYNC], what="a new connection: of jobs there is no log")
            await read(database, 3)
            await eventually(lambda: len(heard) == 4, what="hears again")
    assert heard == [RESYNC, *({"type": "SmsRead", "thread_id": number} for number in (1, 2, 3))]


async def test_after_a_break_in_which_much_happened_everybody_looks_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "MOST_MISSED", 2)
    heard: list[Notice] = []
    async with hearing(database, heard.append):
        await break_for(database, 1, 2, 3)
        await eventually(lambda: heard == [RESYNC, RESYNC], what="looks again")


@pytest.fixture
async def other(database: Database) -> AsyncIterator[Notices]:
    """Another process of the hospital."""
    async with hearing(database) as notices:
        yield notices


async def test_a_lock_is_one_holders_in_this_process_and_in_every_other(database: Database, other: Notices) -> None:
    async with hearing(database) as notices:
        async with notices.lock("modem") as mine, notices.lock("modem") as twice, other.lock("modem") as theirs:
            assert (mine is not None, twice, theirs) == (True, None, None)
        async with other.lock("modem") as theirs:
            assert theirs is not None


async def test_a_lock_ends_with_its_connection_and_its_holder_is_told(database: Database) -> None:
    async with hearing(database) as notices:
        async with notices.lock("modem") as ended:
            assert ended is not None
            await cut(database)
            await eventually(ended.is_set, what="told that the lock is gone")
            await eventually(lambda: asked(database, IS_FREE), what="free for another process")
        async with notices.lock("modem") as again:
            assert again is not None
