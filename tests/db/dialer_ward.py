"""A hospital whose patients are called: what the dialer's tests share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm_core import events
from crm_core.calls import service as calls
from crm_core.calls.model import Call
from crm_core.consent.model import QuietHours, every_day
from crm_core.directory import store as directory
from crm_core.kernel.actor import IVR_CALLER, SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.db import Database, Tx, open_database
from crm_core.kernel.event import Event, Subscription
from crm_core.kernel.ids import AppointmentId, AttemptId, Msisdn, PatientId, SlotId, Uniqueid
from crm_core.patients import service as patients
from crm_core.patients.model import NewPatient
from crm_core.scheduling import service as scheduling
from crm_core.tasks import service as tasks
from dialer import handlers, service, store
from dialer.attempt import Attempt, State
from dialer.errors import CallForbiddenError
from dialer.placing import claim
from dialer.retry import RetryRule
from dialer.settings import DialerSettings
from dialer.worker import Worker
from tests.db.dialer_line import PretendLine
from tests.eventually import eventually
from tests.hearing import hearing

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)  # 12:00 in Shanghai
NIGHT = datetime(2026, 3, 2, 14, tzinfo=UTC)  # 22:00
MORNING = datetime(2026, 3, 3, 0, tzinfo=UTC)  # 8:00
STARTS = datetime(2026, 3, 3, 2, tzinfo=UTC)  # tomorrow at 10:00
PHONE = "+8613800138000"
NURSE = Actor(ActorKind.USER, "wang", Role.NURSE)
ALL_DAY = every_day("00:00-24:00")
ALWAYS = QuietHours(care=ALL_DAY, marketing=ALL_DAY)
SHANGHAI = ZoneInfo("Asia/Shanghai")
SETTINGS = DialerSettings(caller_id="02088886666", timezone=SHANGHAI, plan_from=None)
RULE = RetryRule()


@dataclass
class Ward:
    db: Database
    slots: list[SlotId]
    happened: list[Event]
    line: PretendLine = field(default_factory=PretendLine)
    settings: DialerSettings = SETTINGS
    now: datetime = NOON

    async def patient(self, name: str = "张三丰", phone: str | None = PHONE) -> PatientId:
        new = NewPatient(name=name, phones=(phone,) if phone else ())
        return (await patients.register(self.db, SYSTEM, new)).id

    async def book(self, slot: int = 0, **patient: str | None) -> AppointmentId:
        patient_id = await self.patient(**patient)  # type: ignore[arg-type]
        booked = await scheduling.book(
            self.db, IVR_CALLER, patient_id=patient_id, slot_id=self.slots[slot], channel="ivr"
        )
        return booked.id

    async def remind(self, appointment_id: AppointmentId) -> Attempt:
        return await self.attempt(await service.remind(self.db, NURSE, appointment_id, timezone=SHANGHAI))

    async def attempt(self, attempt_id: AttemptId) -> Attempt:
        async with self.db.connection() as conn:
            found = await store.get(conn, attempt_id)
        assert found
        return found

    async def attempts(self, appointment_id: AppointmentId) -> list[Attempt]:
        async with self.db.connection() as conn:
            return await store.of_appointment(conn, appointment_id)

    async def tries(self, appointment_id: AppointmentId) -> list[tuple[State, str]]:
        return [(attempt.state, attempt.result) for attempt in await self.attempts(appointment_id)]

    async def refused_rule(self, appointment_id: AppointmentId) -> str:
        with pytest.raises(CallForbiddenError) as caught:
            await self.remind(appointment_id)
        return caught.value.rule

    async def open_tasks(self) -> list[tuple[str, str]]:
        async with self.db.connection() as conn:
            return [(str(task.kind), task.ref) for task in await tasks.open_tasks(conn, limit=50)]

    async def dialled(self, appointment_id: AppointmentId) -> Attempt:
        """An attempt whose call has been asked for, nothing more."""
        attempt = await self.remind(appointment_id)
        assert await claim(self.db, self.settings)
        return await self.attempt(attempt.id)

    async def call_of(self, attempt: Attempt, *, answered: bool = True) -> Call:
        linkedid = attempt.linkedid
        call = await calls.start(
            self.db,
            linkedid=linkedid,
            uniqueid=Uniqueid(linkedid),
            direction="out",
            caller=Msisdn(PHONE),
            did="",
            attempt_id=attempt.id,
        )
        if answered:
            await calls.answered(self.db, linkedid)
        return call

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Worker]:
        worker = Worker(self.db, self.line, self.settings)
        async with hearing(self.db, worker.told):
            running = asyncio.create_task(worker.run())
            try:
                yield worker
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    async def until(self, appointment_id: AppointmentId, *wanted: tuple[State, str]) -> list[Attempt]:
        async def reached() -> bool:
            return await self.tries(appointment_id) == list(wanted)

        await eventually(reached, what=str(wanted))
        return await self.attempts(appointment_id)


@asynccontextmanager
async def open_ward(database_url: str) -> AsyncIterator[Ward]:
    """Six slots of tomorrow morning with two places each."""
    happened: list[Event] = []

    async def note(event: Event, tx: Tx) -> None:
        happened.append(event)

    kinds = (events.AttemptPlanned, events.AttemptSuppressed, events.AttemptAnswered, events.AttemptEnded)
    subscriptions: list[Subscription] = [*handlers.SUBSCRIPTIONS, *((kind, note) for kind in kinds)]
    async with open_database(database_url, subscriptions=subscriptions) as db:
        async with db.transaction(SYSTEM) as tx:
            department = await directory.put_department(tx.conn, code="gyn", name="妇科", name_en="Gynaecology")
            doctor = await directory.put_practitioner(tx.conn, department, name="林巧", name_en="Lin Qiao")
            slots = await scheduling.open_schedule(tx, doctor, STARTS, STARTS + timedelta(hours=3), 30, 2)
        found = Ward(db, slots, happened)
        db.clock = lambda: found.now
        yield found
