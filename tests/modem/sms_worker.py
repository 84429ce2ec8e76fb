"""A hospital with a modem worker on the simulated GSM network, and its jobs running."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic

import asyncpg

from crm_core.kernel import log
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database, open_database
from crm_core.kernel.ids import Msisdn, SmsId
from crm_core.kernel.jobs import work
from crm_core.kernel.notices import Notices
from crm_core.kernel.status import StatusBoard
from demo.gsm.client import HandsetClient
from server.supervisor import Service, keep_running
from sms import service, store
from sms.handlers import SUBSCRIPTIONS
from sms.jobs import jobs
from sms.model import Sms
from sms.modem import ModemDevice
from sms.worker import ModemWorker, Timing
from tests.db.sms_hospital import LETTERHEAD, NOON, ZHANG, Clock, Hospital
from tests.eventually import eventually
from tests.hearing import hearing

QUICK = Timing(
    poll_s=30.0,
    reread_s=0.1,
    health_s=1.0,
    idle_s=0.5,
    first_reconnect_s=0.1,
    longest_reconnect_s=0.5,
    database_retry_s=0.1,
)
LONG_TIME_S = 60.0


class RunningClock(Clock):
    """Begins at noon, so that no test waits for the morning."""

    def __init__(self) -> None:
        super().__init__()
        self._began = monotonic()
        self.skipped = timedelta(0)

    def __call__(self) -> datetime:
        return NOON + timedelta(seconds=monotonic() - self._began) + self.skipped


@dataclass
class TextingHospital(Hospital):
    """With telephones outside."""

    phones: HandsetClient = field(kw_only=True)
    board: StatusBoard = field(kw_only=True)
    worker: ModemWorker = field(kw_only=True)

    async def queue(self, text: str, *, to: Msisdn = ZHANG) -> SmsId:
        """A reminder of somebody's."""
        return await service.queue(self.db, SYSTEM, to=to, text=text, purpose="care", zone=LETTERHEAD.timezone)

    async def sms(self, sms_id: SmsId) -> Sms:
        """As the database has it."""
        async with self.db.connection() as conn:
            found = await store.get(conn, sms_id)
        assert found is not None
        return found

    async def becomes(self, sms_id: SmsId, *states: str, within_s: float = LONG_TIME_S) -> Sms:
        """Await one of the states."""

        async def look() -> bool:
            return (await self.sms(sms_id)).state.value in states

        await eventually(look, within_s=within_s, what=f"{states}")
        return await self.sms(sms_id)

    async def queue_is_away(self) -> None:
        """Await that the worker has noticed PostgreSQL's absence."""
        await eventually(lambda: not self.worker.guard.held.is_set(), within_s=LONG_TIME_S, what="no lock")

    async def state(self) -> str:
        """What the status board says."""
        return self.board.parts().get(self.worker.part, "")

    async def reports(self, state: str, *, within_s: float = LONG_TIME_S) -> None:
        """Await what the status board says."""
        await eventually(lambda: self.board.parts().get(self.worker.part) == state, within_s=within_s, what=state)

    async def inbox(self, number: str = ZHANG) -> list[str]:
        """Texts on a telephone, oldest first."""
        return [received.text for received in await self.phones.inbox(number)]

    async def arrives(self, number: str = ZHANG, *, count: int = 1) -> list[str]:
        """Await so many texts on a telephone."""

        async def look() -> bool:
            return len(await self.inbox(number)) >= count

        await eventually(look, within_s=2 * LONG_TIME_S, every_s=0.2, what=f"{count} texts")
        return await self.inbox(number)

    async def has_received(self, *texts: str, within_s: float = LONG_TIME_S) -> None:
        """Await these inbound texts and no others."""

        async def look() -> bool:
            return len(await self.messages("in")) >= len(texts)

        with suppress(AssertionError):
            await eventually(look, within_s=within_s)
        assert sorted(sms.text for sms in await self.messages("in")) == sorted(texts)


@asynccontextmanager
async def texting(
    database_url: str, device: Path, phones: HandsetClient, *, timing: Timing = QUICK, answers: bool = False
) -> AsyncIterator[TextingHospital]:
    """A hospital whose worker runs until the end; `answers`: its jobs too."""
    async with AsyncExitStack() as stack:
        clock = RunningClock()
        db: Database = await stack.enter_async_context(
            open_database(database_url, subscriptions=SUBSCRIPTIONS, clock=clock)
        )
        board = StatusBoard()
        notices = await stack.enter_async_context(hearing(db))
        sim = ModemDevice(name="sim1", device=str(device))
        worker = ModemWorker(db, notices, board, sim, LETTERHEAD.timezone, timing)
        hospital = TextingHospital(db, clock, phones=phones, board=board, worker=worker)
        await hospital.open()
        running = [asyncio.ensure_future(worker.run())]
        if answers:
            service_of_jobs = Service("jobs", partial(run_jobs, database_url, db, notices))
            running.append(asyncio.ensure_future(keep_running(service_of_jobs, board)))
        try:
            yield hospital
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


async def run_jobs(url: str, db: Database, notices: Notices) -> None:
    """On a connection of their own."""
    conn = await asyncpg.connect(url)
    try:
        await work(conn, notices, jobs(db, LETTERHEAD))
    finally:
        await conn.close()


async def serve(url: str, device: Path, phones: HandsetClient) -> None:
    """Until killed. Says what its modem does on stderr, which a failing test shows."""
    log.configure()
    async with texting(url, device, phones, answers=True):
        await asyncio.Event().wait()
