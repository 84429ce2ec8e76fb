"""Which desks have a telephone, from a real Asterisk to the agents."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from crm_core.calls import agents
from crm_core.kernel.actor import SYSTEM, Role
from crm_core.kernel.db import Database
from crm_core.users import service as users
from crm_core.users.passwords import generated_password
from telephony.desk_lines import DeskLines
from tests.asterisk.phone import phone
from tests.asterisk.real_asterisk import RealAsterisk, linked
from tests.eventually import eventually

pytestmark = pytest.mark.asterisk

DESK = "desk-33"


@asynccontextmanager
async def watched(asterisk: RealAsterisk, database: Database) -> AsyncIterator[None]:
    """From now on Asterisk's word about lines reaches the database."""
    ami = asterisk.ami()
    ami.subscribe(DeskLines(database, ami).handle)
    async with linked(ami):
        yield


async def line_is(database: Database, *, up: bool) -> None:
    """Known for the agent at the desk."""

    async def look() -> bool:
        async with database.connection() as conn:
            agent = await agents.by_desk(conn, DESK)
        assert agent
        return agent.has_line is up

    await eventually(look, what=f"the line is {'up' if up else 'down'}")


async def test_a_line_is_known_when_it_comes_when_it_goes_and_when_nobody_listened(
    asterisk: RealAsterisk, database: Database
) -> None:
    user = await users.create(database, SYSTEM, login=DESK, name="Chen", role=Role.AGENT, password=generated_password())
    async with database.connection() as conn:
        await conn.execute("UPDATE app_user SET desk = $2 WHERE id = $1", user.id, DESK)
    async with phone(asterisk.sip_port, DESK, asterisk.desk_secret) as telephone:
        async with watched(asterisk, database):
            await telephone.register()
            await line_is(database, up=True)
            await telephone.register(expires_s=0)
            await line_is(database, up=False)
        await telephone.register()
        async with watched(asterisk, database):
            await line_is(database, up=True)
        await telephone.register(expires_s=0)
        async with watched(asterisk, database):
            await line_is(database, up=False)
