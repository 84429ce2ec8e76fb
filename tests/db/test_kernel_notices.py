"""One connection of a process hears everything, holds its locks, and says when something may have been missed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from crm_core.kernel.db import Database
from crm_core.kernel.event import NOTIFY_CHANNEL
from crm_core.kernel.notices import CONNECTION, RESYNC, Notice, Notices
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


async def test_after_a_break_everybody_looks_again_and_hears_again(database: Database) -> None:
    heard: list[Notice] = []
    async with hearing(database, heard.append):
        await cut(database)
        await eventually(lambda: heard == [RESYNC, RESYNC], what="a new connection")
        await tell(database, '{"type":"TaskOpened"}')
        await eventually(lambda: heard[-1] == {"type": "TaskOpened"}, what="hears again")


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
