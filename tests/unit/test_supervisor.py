import asyncio

import pytest

from crm_core.kernel.errors import DatabaseUnavailableError
from crm_core.kernel.status import StatusBoard
from server.supervisor import Service, run_all
from tests.eventually import eventually

pytestmark = pytest.mark.unit


async def test_a_dead_modem_does_not_hang_up_on_callers() -> None:
    board, starts, alive = StatusBoard(), [], asyncio.Event()

    async def modem() -> None:
        starts.append(board.parts().get("modem"))
        if len(starts) == 2:
            alive.set()
            await asyncio.Event().wait()
        raise DatabaseUnavailableError("away")

    async def calls() -> None:
        await asyncio.Event().wait()

    running = asyncio.ensure_future(run_all([Service("modem", modem), Service("calls", calls)], board))
    async with asyncio.timeout(60):
        await alive.wait()
    assert starts == ["ok", "ok"]
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_the_status_says_why_a_part_is_away() -> None:
    board = StatusBoard()

    async def broken() -> None:
        raise DatabaseUnavailableError("away")

    running = asyncio.ensure_future(run_all([Service("jobs", broken)], board))
    await eventually(lambda: not board.is_ok())
    assert board.parts() == {"jobs": "database unavailable"}
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
