"""A small hospital in the database, and the least that a caller needs: a voice and a telephone."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import numpy as np

from crm_core.directory import store as directory
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database, Tx, open_database
from crm_core.kernel.event import Event, Subscription
from crm_core.kernel.ids import AppointmentId, Linkedid, PatientId, SlotId, Uniqueid
from crm_core.patients import service as patients
from crm_core.patients.model import NewPatient
from crm_core.scheduling import service as scheduling
from crm_core.scheduling import store as schedules
from crm_core.scheduling.model import Appointment
from ivr import service
from ivr.prompt import Language, Text
from ivr.prompt_files import PromptFiles
from ivr.reception import Reception
from ivr.tts import SpeechError
from telephony import names
from telephony.agi_channel import DigitsRead, End
from telephony.agi_protocol import AgiRequest

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=SHANGHAI)
HOSPITAL = Text("仁和医院", "Renhe Hospital")
DEPARTMENTS = (
    ("int", "内科", "Internal medicine", "王建国", "Wang Jianguo"),
    ("sur", "外科", "Surgery", "陈静", "Chen Jing"),
)
ZHANG, FAMILY = "13800138000", "13800138001"


@dataclass
class Filled:
    """What was put in."""

    db: Database
    zhang: PatientId
    slots: list[SlotId]
    surgery: list[SlotId]
    happened: list[Event]
    now: datetime = NOW

    async def appointments(self, status: str) -> list[Appointment]:
        """All of one status."""
        async with self.db.connection() as conn:
            found = await schedules.page(conn, status=status, limit=50)
        return list(found)

    async def book(self, patient: PatientId, slot: SlotId) -> AppointmentId:
        """By an agent."""
        made = await scheduling.book(self.db, SYSTEM, patient_id=patient, slot_id=slot, channel="agent")
        return made.id


@asynccontextmanager
async def filled(database_url: str, *kinds: type[Event]) -> AsyncIterator[Filled]:
    """Two departments, two practitioners, one place per slot; 张三丰 alone on his number, two people on another."""
    happened: list[Event] = []

    async def note(event: Event, tx: Tx) -> None:
        happened.append(event)

    subscriptions: list[Subscription] = [(kind, note) for kind in kinds]
    async with open_database(database_url, subscriptions=subscriptions) as db:
        db.clock = lambda: NOW
        slots = await _departments(db)
        zhang = await patients.register(
            db, SYSTEM, NewPatient(name="张三丰", phones=(ZHANG,), card_no="10000001", birth_date=date(1980, 1, 2))
        )
        for name, card in (("李明", "10000002"), ("李小红", "10000003")):
            await patients.register(
                db, SYSTEM, NewPatient(name=name, phones=(FAMILY,), card_no=card, birth_date=date(1990, 5, 6))
            )
        await service.ensure_shipped(db)
        yield Filled(db, zhang.id, slots[0], slots[1], happened)


async def _departments(db: Database) -> list[list[SlotId]]:
    made = []
    async with db.transaction(SYSTEM) as tx:
        for position, (code, name, name_en, doctor, doctor_en) in enumerate(DEPARTMENTS):
            department = await directory.put_department(
                tx.conn, code=code, name=name, name_en=name_en, position=position
            )
            practitioner = await directory.put_practitioner(tx.conn, department, name=doctor, name_en=doctor_en)
            begins = NOW.replace(hour=9, minute=30) + timedelta(days=1)
            made.append(await scheduling.open_schedule(tx, practitioner, begins, begins + timedelta(hours=2), 30, 1))
    return made


class Beeping:
    """A voice that is quick and always the same; mute for what it must not say."""

    name = "beeping"

    def __init__(self, *, seconds: float = 0.1) -> None:
        self.samples = round(seconds * 8000)
        self.said: list[str] = []
        self.mute_for: frozenset[str] = frozenset()

    async def speak(self, text: str, voice: Language, *, is_name: bool = False) -> bytes:
        """A tone of the same length for everything."""
        await asyncio.sleep(0)
        if text in self.mute_for or "*" in self.mute_for:
            raise SpeechError("mute")
        self.said.append(text)
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes((8000 * np.sin(np.arange(self.samples) / 3)).astype("<i2").tobytes())
        return buffer.getvalue()


def reception(db: Database, prompts: PromptFiles) -> Reception:
    """The hotline of this hospital."""
    return Reception(db=db, prompts=prompts, hospital=HOSPITAL, zone=SHANGHAI)


@dataclass
class ScriptedTelephone:
    """A caller with a list of what they type, one entry per question; "" is silence. Plays are remembered."""

    keys: list[str]
    request: AgiRequest
    variables: dict[str, str] = field(default_factory=dict)
    played: list[str] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    async def play(self, sounds: Sequence[str], escape_digits: str = "") -> str:
        """Nobody interrupts."""
        assert missing(sounds) == []
        self.played.extend(sounds)
        return ""

    async def wait_key(self, timeout_s: float) -> str:
        """Never: keys come in whole answers."""
        return ""

    async def read_digits(
        self,
        sounds: Sequence[str],
        *,
        max_digits: int,
        first_timeout_s: float = 5.0,
        next_timeout_s: float = 3.0,
        terminator: str = "#",
    ) -> DigitsRead:
        """The next answer."""
        await self.play(sounds)
        self.meanwhile()
        keys = self.keys.pop(0) if self.keys else ""
        return DigitsRead(keys, End.FULL if keys else End.TIMEOUT)

    async def forget_keys(self) -> None:
        """They come one answer at a time."""

    async def set_variable(self, name: str, value: str) -> None:
        """As the dialplan would see it."""
        self.variables[name] = value

    async def get_variable(self, name: str) -> str | None:
        """What was set."""
        return self.variables.get(name)


def missing(sounds: Sequence[str]) -> list[str]:
    """Files that Asterisk would not find."""
    return [sound for sound in sounds if not Path(f"{sound}.wav").exists()]


def telephone(caller: str, *keys: str, attempt_id: int = 0) -> ScriptedTelephone:
    """Somebody who calls 4000, or was called."""
    uniqueid = f"{uuid4().int % 10**10}.1"
    request = AgiRequest(
        path="hotline",
        uniqueid=Uniqueid(uniqueid),
        linkedid=Linkedid(uniqueid),
        channel="PJSIP/x",
        did="4000",
        language="zh_CN",
        caller=caller,
    )
    variables = {names.VAR_ATTEMPT_ID: str(attempt_id)} if attempt_id else {}
    return ScriptedTelephone(list(keys), request, variables)
