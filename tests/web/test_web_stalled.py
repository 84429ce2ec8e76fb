"""A table that stalls for a moment: who asks waits for it, and nobody waits for those who wait."""

import asyncio
import time

import pytest

from tests.web.api_client import client
from tests.web.house import ZHANG, House

pytestmark = pytest.mark.web

IN_FLIGHT = 90  # as many as one client has connections, with the three
STALL_S = 1.0


async def test_however_many_ask_while_the_database_stalls_all_are_answered(house: House) -> None:
    """More than the pool has connections. Each that held one and asked for a second would wait for the others."""
    await house.sessions()
    patient = await house.patient("张三", ZHANG)
    async with client(house) as system, house.db.own_connection() as stalling:
        transaction = stalling.transaction()
        await transaction.start()
        await stalling.execute("LOCK TABLE api_token IN ACCESS EXCLUSIVE MODE")
        asked = [asyncio.create_task(system.get("/slots", department="im")) for _ in range(IN_FLIGHT)]
        asked += [asyncio.create_task(system.get(f"/patients/{patient.id}")) for _ in range(3)]
        await asyncio.wait(asked, timeout=STALL_S)
        await transaction.commit()
        began = time.monotonic()
        answers = await asyncio.gather(*asked)
    assert {status for status, _ in answers} == {200}
    assert time.monotonic() - began < 4.0  # less than anybody waits for a connection
