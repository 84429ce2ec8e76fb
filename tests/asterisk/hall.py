"""Two agents at real telephones, a patient, and everything between them and the database."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg

from crm_core import events
from crm_core.calls import agents
from crm_core.calls import store as call_store
from crm_core.calls.model import Call, CallState
from crm_core.kernel import jobs as kernel_jobs
from crm_core.kernel.actor import SYSTEM, Role
from crm_core.kernel.db import Database, Tx, open_database
from crm_core.kernel.event import Event
from crm_core.kernel.ids import UserId
from crm_core.users import service as users
from crm_core.users.passwords import generated_password
from telephony import handlers, jobs, names
from telephony.ami import Ami
from telephony.ears import Ears
from telephony.fastagi import AgiChannel
from telephony.tracker import CallTracker
from tests.asterisk.phone import Line, Phone, phone
from tests.asterisk.real_asterisk import RealAsterisk, answering, linked
from tests.eventually import eventually
from tests.hearing import hearing

ZHANG = "13800138000"
DESKS = ("desk-31", "desk-32")
LITTLE = timedelta(seconds=1)


@dataclass
class Hall:
    """Two agents at real telephones, a patient, and everything between them and the database."""

    asterisk: RealAsterisk
    db: Database
    ami: Ami
    patient: Phone
    carrier: Phone
    desks: tuple[Phone, Phone]
    users: tuple[UserId, UserId]
    happened: list[tuple[Event, float]] = field(default_factory=list)

    async def set_state(self, desk: int, state: str) -> None:
        await agents.set_state(self.db, SYSTEM, self.users[desk], state)

    async def state(self, desk: int) -> str:
        async with self.db.connection() as conn:
            agent = await agents.by_desk(conn, DESKS[desk])
        assert agent
        return str(agent.state)

    async def asked_by(self, desk: int) -> str:
        """The colleague who asks the agent there, "" when nobody does."""
        async with self.db.connection() as conn:
            agent = await agents.by_desk(conn, DESKS[desk])
        assert agent
        return agent.asked_by_name

    async def calls(self) -> list[Call]:
        async with self.db.connection() as conn:
            return list(reversed((await call_store.page(conn)).items))

    async def call_in(self, state: CallState) -> Call:
        async def look() -> Call | None:
            return next((call for call in await self.calls() if call.state is state), None)

        found = await eventually(look, what=f"a call is {state}")
        assert found is not None
        return found

    async def agent_is(self, desk: int, state: str) -> None:
        async def look() -> bool:
            return await self.state(desk) == state

        await eventually(look, what=f"the agent at {DESKS[desk]} is {state}")

    async def rings_for(self, *desks: int) -> None:
        """The queue rings these desks and no other."""
        wanted = {f"PJSIP/{DESKS[desk]}" for desk in desks}

        async def look() -> bool:
            rows = (await self.ami.action("QueueStatus", Queue=names.QUEUE_OPERATORS)).rows
            return {row["Location"] for row in rows if row.get("Paused") == "0"} == wanted

        await eventually(look, what=f"the queue rings {wanted}")

    def at(self, kind: type[Event]) -> float:
        """When it was committed the first time."""
        return next(when for event, when in self.happened if isinstance(event, kind))


async def to_the_queue(channel: AgiChannel) -> None:
    await channel.set_variable(names.VAR_NEXT, names.NEXT_QUEUE)


@asynccontextmanager
async def hall(asterisk: RealAsterisk, database_url: str, *, db_url: str = "") -> AsyncIterator[Hall]:
    """`db_url`: what the tracker reaches the database by, when that is another way."""
    happened: list[tuple[Event, float]] = []

    async def note(event: Event, tx: Tx) -> None:
        happened.append((event, time.monotonic()))

    kinds = (events.AgentRang, events.CallQueued, events.CallConnected, events.CallEnded, events.CallMissed)
    subscriptions = [*handlers.SUBSCRIPTIONS, *((kind, note) for kind in kinds)]
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        db = await enter(open_database(database_url, subscriptions=subscriptions))
        tracked = await enter(open_database(db_url, subscriptions=subscriptions)) if db_url else db
        user_ids = [await _agent(db, desk) for desk in DESKS]
        ami = asterisk.ami()
        ami.subscribe(CallTracker(tracked, ami).handle)
        ami.subscribe(Ears(tracked, ami).handle)
        worker = asyncio.get_running_loop().create_task(_work(database_url, db, ami))
        await enter(linked(ami))
        await enter(answering(asterisk, hotline=to_the_queue))
        phones = [await enter(phone(asterisk.sip_port, desk, asterisk.desk_secret)) for desk in DESKS]
        for made in phones:
            await made.register()
        patient = await enter(phone(asterisk.sip_port, ZHANG))
        carrier = await enter(phone(asterisk.sip_port, "carrier", port=asterisk.carrier_port))
        try:
            yield Hall(
                asterisk, db, ami, patient, carrier, (phones[0], phones[1]), (user_ids[0], user_ids[1]), happened
            )
        finally:
            worker.cancel()
            with suppress(asyncio.CancelledError):
                await worker


async def _agent(db: Database, desk: str) -> UserId:
    user = await users.create(db, SYSTEM, login=desk, name=desk.title(), role=Role.AGENT, password=generated_password())
    async with db.connection() as conn:
        await conn.execute("UPDATE app_user SET desk = $2 WHERE id = $1", user.id, desk)
    return user.id


async def _work(database_url: str, db: Database, ami: Ami) -> None:
    conn = await asyncpg.connect(database_url)
    try:
        async with hearing(db) as notices:
            await kernel_jobs.work(conn, notices, jobs.jobs(db, ami))
    finally:
        await conn.close()


async def talk(busy_hall: Hall) -> tuple[Line, Line]:
    """The first agent speaks with a patient: their leg, and the patient's."""
    await busy_hall.set_state(0, "available")
    await busy_hall.rings_for(0)
    patients_line = await busy_hall.patient.call("4000")
    first = await busy_hall.desks[0].next_ring()
    first.accept()
    await busy_hall.agent_is(0, "on_call")
    return first, patients_line
