"""A small hospital that texts: two departments, known patients, a clock that stands still until told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from crm_core.directory import store as directory
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database
from crm_core.kernel.ids import DepartmentId, Msisdn, PatientId, SlotId, SmsId, TaskId
from crm_core.patients import service as patients
from crm_core.patients.model import NewPatient
from crm_core.scheduling import service as scheduling
from sms import answering, inbound, pdu, store
from sms.letterhead import Letterhead
from sms.model import Sms
from tests.sms_deliver import deliver

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)  # 12:00 in Shanghai, a Monday
LETTERHEAD = Letterhead("示例医院", "Example Hospital", ZoneInfo("Asia/Shanghai"))
ZHANG = Msisdn("+8613800138000")
STRANGER = Msisdn("+8613911112222")


@dataclass
class Clock:
    """Stands still."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Hospital:
    """Services on a real database; texts come in as PDUs."""

    db: Database
    clock: Clock
    slots: dict[str, list[SlotId]] = field(default_factory=dict)
    texts_in: int = 0

    async def open(self) -> None:
        """内科 with three times tomorrow (the first with one place), 妇科 with one."""
        async with self.db.transaction(SYSTEM) as tx:
            for position, (code, name, name_en, minutes) in enumerate(
                [("int", "内科", "Internal medicine", 90), ("gyn", "妇科", "Gynaecology", 30)]
            ):
                department = await directory.put_department(
                    tx.conn, code=code, name=name, name_en=name_en, position=position
                )
                doctor = await directory.put_practitioner(tx.conn, department, name="王建国", name_en="Wang Jianguo")
                start = NOON + timedelta(hours=21)  # 09:00 tomorrow in Shanghai
                self.slots[code] = await scheduling.open_schedule(
                    tx, doctor, start, start + timedelta(minutes=minutes), 30, 1
                )
            self.department = DepartmentId(department)

    async def patient(self, name: str = "张三丰", *phones: str, language: str = "zh_CN") -> PatientId:
        """Registered, by default at ZHANG's number."""
        new = NewPatient(name=name, phones=phones or (ZHANG,), language=language)
        return (await patients.register(self.db, SYSTEM, new)).id

    async def receive(self, text: str, sender: str = ZHANG, *, modem: str = "sim1") -> list[SmsId]:
        """A text as its segments arrive; the messages that became whole."""
        self.texts_in += 1
        found = []
        stamp = NOON + timedelta(seconds=self.texts_in)
        for hex_text in deliver(text, sender, at=stamp, reference=self.texts_in & 0xFF):
            read = pdu.decode(hex_text)
            assert isinstance(read, pdu.Deliver)
            found.append(await inbound.keep(self.db, modem, hex_text, read))
        return [sms_id for sms_id in found if sms_id is not None]

    async def says(self, text: str, sender: str = ZHANG) -> str:
        """A text comes in and is answered; the answer, '' when there is none."""
        (sms_id,) = await self.receive(text, sender)
        await answering.answer(self.db, sms_id, LETTERHEAD)
        return await self.reply_to(sms_id)

    async def reply_to(self, sms_id: SmsId) -> str:
        """What was queued in answer."""
        async with self.db.connection() as conn:
            found = await conn.fetchval("SELECT text FROM sms WHERE reply_to_id = $1", sms_id)
        return found or ""

    async def messages(self, direction: str = "out") -> list[Sms]:
        """Oldest first."""
        async with self.db.connection() as conn:
            return (await store.page(conn, direction=direction, limit=1000))[::-1]

    async def open_task(self) -> TaskId:
        """The only one."""
        ((found,),) = await self.rows("SELECT id FROM task WHERE status = 'open'")
        assert isinstance(found, int)
        return TaskId(found)

    async def rows(self, query: str, *args: object) -> list[tuple[object, ...]]:
        """Straight from the database."""
        async with self.db.connection() as conn:
            return [tuple(row) for row in await conn.fetch(query, *args)]

    async def tasks(self) -> list[str]:
        """Kinds of open tasks."""
        return [str(kind) for (kind,) in await self.rows("SELECT kind FROM task WHERE status = 'open' ORDER BY id")]

    async def appointments(self) -> Sequence[tuple[object, ...]]:
        """(patient, slot, status), oldest first."""
        return await self.rows("SELECT patient_id, slot_id, status FROM appointment ORDER BY id")
