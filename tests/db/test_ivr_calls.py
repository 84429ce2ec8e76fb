"""Whole calls on a real database: who is calling, what is booked, what the call log knows afterwards."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from crm_core.calls import store as calls
from crm_core.calls.model import Call
from crm_core.events import AttemptAnswered
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.clock import utc_now
from crm_core.kernel.ids import AppointmentId, SlotId
from crm_core.kernel.msisdn import parse_msisdn
from crm_core.patients import service as patients
from crm_core.patients import store as patient_store
from crm_core.patients.model import NewPatient
from crm_core.scheduling import service as scheduling
from crm_core.scheduling import store as schedules
from crm_core.tasks import store as tasks
from ivr import housekeeping
from ivr.prompt_files import PromptFiles
from ivr.reception import Reception
from telephony import names
from telephony.agi_channel import DigitsRead
from tests.db.ivr_fixtures import (
    FAMILY,
    HOSPITAL,
    NOW,
    SHANGHAI,
    ZHANG,
    Beeping,
    Filled,
    ScriptedTelephone,
    filled,
    reception,
    telephone,
)

pytestmark = pytest.mark.db


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Filled]:
    async with filled(database_url, AttemptAnswered) as hospital:
        yield hospital


@pytest.fixture
def voice() -> Beeping:
    return Beeping()


@pytest.fixture
def desk(hospital: Filled, voice: Beeping, tmp_path: Path) -> Reception:
    return reception(hospital.db, PromptFiles(tmp_path, voice))


async def logged(hospital: Filled, phone: ScriptedTelephone) -> Call:
    async with hospital.db.connection() as conn:
        call = await calls.get_by_linkedid(conn, phone.request.linkedid)
    assert call
    return call


async def reminding(hospital: Filled, appointment: AppointmentId, *keys: str) -> ScriptedTelephone:
    async with hospital.db.connection() as conn:
        attempt = await conn.fetchval(
            """
            INSERT INTO dial_attempt (appointment_id, patient_id, msisdn, purpose, number, state, requested_by,
                                      planned_at, not_before)
            VALUES ($1, $2, $3, 'care', 1, 'dialing', 'test', now(), now()) RETURNING id
            """,
            appointment,
            hospital.zhang,
            parse_msisdn(ZHANG),
        )
    return telephone("02088886666", *keys, attempt_id=attempt)


async def test_a_known_caller_books_with_four_times_one(hospital: Filled, desk: Reception, voice: Beeping) -> None:
    phone = telephone(ZHANG, "1", "1", "1", "1")
    await desk.hotline(phone)
    (booked,) = await hospital.appointments("booked")
    assert (booked.patient_id, booked.slot.id, booked.channel) == (hospital.zhang, hospital.slots[0], "ivr")
    assert phone.variables[names.VAR_NEXT] == names.NEXT_HANGUP
    assert {"张三丰，您好。", "内科，", "明天，十一月二十四日星期二，", "上午九点半，", "王建国医生，"} <= set(
        voice.said
    )
    call = await logged(hospital, phone)
    assert call.patient_id == hospital.zhang
    assert call.flow_version == "hotline/1"
    assert call.path == ("recognise", "greet_by_name", "hours", "main", "who_books", "book", "anything_else", "goodbye")


async def test_a_withheld_number_and_garbage_are_strangers(hospital: Filled, desk: Reception) -> None:
    for caller in ("", "anonymous", "4000"):
        phone = telephone(caller)
        await desk.hotline(phone)
        assert phone.variables[names.VAR_NEXT] == names.NEXT_QUEUE
        assert (await logged(hospital, phone)).path[:2] == ("recognise", "greet")


async def test_a_stranger_proves_who_they_are_by_keys_and_the_call_is_theirs(hospital: Filled, desk: Reception) -> None:
    phone = telephone("13999999999", "1", "10000001", "19800102", "2", "1", "1")
    await desk.hotline(phone)
    (booked,) = await hospital.appointments("booked")
    assert (booked.patient_id, booked.slot.id) == (hospital.zhang, hospital.surgery[0])
    assert (await logged(hospital, phone)).patient_id == hospital.zhang


async def test_one_of_a_family_says_who_it_is(hospital: Filled, desk: Reception) -> None:
    phone = telephone(FAMILY, "1", "2", "1", "1", "1")
    await desk.hotline(phone)
    (booked,) = await hospital.appointments("booked")
    async with hospital.db.connection() as conn:
        patient = await patient_store.get(conn, booked.patient_id)
    assert patient
    assert patient.name == "李小红"


async def test_english_is_remembered_for_the_next_call(hospital: Filled, desk: Reception, voice: Beeping) -> None:
    first = telephone(ZHANG, "9")
    await desk.hotline(first)
    assert first.variables[names.VAR_LANGUAGE] == "en"
    assert (await logged(hospital, first)).language == "en"
    voice.said.clear()
    second = telephone(ZHANG)
    await desk.hotline(second)
    assert "Hello" in "".join(text for text in voice.said if text.startswith("Hello"))
    assert second.variables[names.VAR_LANGUAGE] == "en"


async def test_of_many_callers_for_the_last_place_one_gets_it_and_the_others_are_offered_more(
    hospital: Filled, desk: Reception
) -> None:
    async with hospital.db.connection() as conn:
        await conn.execute("DELETE FROM slot WHERE id <> ALL($1::bigint[])", [hospital.slots[0], hospital.slots[1]])
    callers = []
    for number in range(20):
        msisdn = f"137000000{number:02d}"
        await patients.register(hospital.db, SYSTEM, NewPatient(name=f"病人{number}", phones=(msisdn,)))
        callers.append(telephone(msisdn, "1", "1", "1", "1"))
    await asyncio.gather(*(desk.hotline(phone) for phone in callers))
    booked = await hospital.appointments("booked")
    assert sorted(item.slot.id for item in booked) in ([hospital.slots[0]], [hospital.slots[0], hospital.slots[1]])
    assert all(phone.variables[names.VAR_NEXT] for phone in callers)


@pytest.mark.parametrize(
    ("most", "said"),
    [(3, "您在这个时间已有其他预约，请选择别的时间。"), (1, "您当天的预约数已达上限，请选择别的日期。")],
    ids=["overlap", "day"],
)
async def test_who_is_expected_elsewhere_meanwhile_hears_why_and_is_offered_other_times(
    hospital: Filled, desk: Reception, voice: Beeping, most: int, said: str
) -> None:
    next_day = await _also_open(hospital)
    phone = telephone(ZHANG, "1", "1", "1", "1", "1", "1")
    elsewhere = hospital.surgery[0 if most == 3 else 3]

    async def book_elsewhere() -> None:
        async with hospital.db.connection() as conn:
            await conn.execute("UPDATE booking_rule SET most_a_day = $1", most)
        await hospital.book(hospital.zhang, elsewhere)

    await desk.hotline(Distracted(phone.keys, phone.request, at=3, does=book_elsewhere))
    assert said in voice.said
    mine = {item.slot.id for item in await hospital.appointments("booked")}
    assert mine == {elsewhere, hospital.slots[1] if most == 3 else next_day}


async def _also_open(hospital: Filled) -> SlotId:
    """Another day of the first practitioner."""
    async with hospital.db.transaction(SYSTEM) as tx:
        (first,) = await schedules.slots_by_id(tx.conn, [hospital.slots[0]])
        start = first.starts_at + timedelta(days=1)
        slots = await scheduling.open_schedule(tx, first.practitioner_id, start, start + timedelta(hours=1), 30, 1)
    return slots[0]


@dataclass
class Distracted(ScriptedTelephone):
    """A caller for whom somebody `does` something when `at` answers are left."""

    at: int = 0
    does: Callable[[], Awaitable[None]] | None = None

    async def read_digits(self, sounds: Sequence[str], **kwargs: Any) -> DigitsRead:
        if len(self.keys) == self.at and self.does:
            await self.does()
        return await super().read_digits(sounds, **kwargs)


async def test_who_stays_in_the_menu_for_half_an_hour_is_given_to_a_person(hospital: Filled, desk: Reception) -> None:
    async def answers_before_a_person(minutes_each: int) -> int:
        minutes = count(step=minutes_each)
        phone = telephone(ZHANG, *["*"] * 8)  # the menu again, please
        await replace(desk, clock_s=lambda: next(minutes) * 60.0).hotline(phone)
        assert phone.variables[names.VAR_NEXT] == names.NEXT_QUEUE
        return 8 - len(phone.keys)

    assert await answers_before_a_person(1) == 8
    assert 0 < await answers_before_a_person(5) < 8


async def test_a_wish_to_be_called_back_becomes_a_task(hospital: Filled, desk: Reception) -> None:
    hospital.db.clock = lambda: NOW.replace(hour=23)
    phone = telephone("13999999999", "0", "2", "1")
    await desk.hotline(phone)
    async with hospital.db.connection() as conn:
        open_tasks = await tasks.open_tasks(conn)
    assert [(task.kind, task.msisdn) for task in open_tasks] == [("call_back", "+8613999999999")]


async def test_a_reminder_is_confirmed_with_one_key(hospital: Filled, desk: Reception, voice: Beeping) -> None:
    appointment = await hospital.book(hospital.zhang, hospital.slots[0])
    phone = await reminding(hospital, appointment, "1")
    await desk.reminder(phone)
    (confirmed,) = await hospital.appointments("confirmed")
    assert confirmed.id == appointment
    assert phone.variables[names.VAR_NEXT] == names.NEXT_HANGUP
    assert "内科" not in "".join(voice.said)
    call = await logged(hospital, phone)
    assert (call.direction, call.caller, call.patient_id) == ("out", parse_msisdn(ZHANG), hospital.zhang)
    (answered,) = hospital.happened
    assert isinstance(answered, AttemptAnswered)
    assert (answered.by, answered.call_id) == ("human", call.id)


async def test_a_reminder_is_cancelled_with_one_key_and_the_place_is_free(hospital: Filled, desk: Reception) -> None:
    appointment = await hospital.book(hospital.zhang, hospital.slots[0])
    await desk.reminder(await reminding(hospital, appointment, "2"))
    assert [item.id for item in await hospital.appointments("cancelled")] == [appointment]
    await hospital.book(hospital.zhang, hospital.slots[0])


async def test_a_reminder_moves_the_appointment(hospital: Filled, desk: Reception) -> None:
    appointment = await hospital.book(hospital.zhang, hospital.slots[0])
    await desk.reminder(await reminding(hospital, appointment, "3", "1", "1"))
    (moved,) = await hospital.appointments("booked")
    assert (moved.slot.id, moved.channel) == (hospital.slots[1], "call")


async def test_nobody_is_reminded_of_what_was_cancelled_meanwhile(
    hospital: Filled, desk: Reception, voice: Beeping
) -> None:
    appointment = await hospital.book(hospital.zhang, hospital.slots[0])
    phone = await reminding(hospital, appointment, "1")
    await scheduling.cancel(hospital.db, SYSTEM, appointment, "web")
    await desk.reminder(phone)
    assert phone.variables[names.VAR_NEXT] == names.NEXT_HANGUP
    assert not any("十一月" in text for text in voice.said)


async def test_an_outbound_call_about_nothing_goes_back_to_the_dialplan(hospital: Filled, desk: Reception) -> None:
    for attempt_id in (0, 999):
        phone = telephone("02088886666", attempt_id=attempt_id)
        await desk.reminder(phone)
        assert names.VAR_NEXT not in phone.variables


async def test_without_the_database_the_caller_is_told_and_sent_to_a_person(
    hospital: Filled, desk: Reception, voice: Beeping
) -> None:
    phone = telephone(ZHANG, "1")
    phone.meanwhile = hospital.db.pool.terminate
    await desk.hotline(phone)
    assert phone.variables[names.VAR_NEXT] == names.NEXT_QUEUE
    assert any("系统暂时不可用" in text for text in voice.said)
    late = telephone(ZHANG, "1")
    await desk.hotline(late)
    assert names.VAR_NEXT not in late.variables  # the dialplan apologises


async def test_a_name_nobody_can_speak_is_left_out(hospital: Filled, desk: Reception, voice: Beeping) -> None:
    voice.mute_for = frozenset({"张三丰，您好。"})
    phone = telephone(ZHANG, "1", "1", "1", "1")
    await desk.hotline(phone)
    assert len(await hospital.appointments("booked")) == 1


async def test_without_a_voice_the_caller_reaches_a_person(hospital: Filled, desk: Reception, voice: Beeping) -> None:
    voice.mute_for = frozenset({"*"})
    phone = telephone(ZHANG, "1")
    await desk.hotline(phone)
    assert phone.variables[names.VAR_NEXT] == names.NEXT_QUEUE


async def test_what_callers_will_hear_is_spoken_before_they_call(
    hospital: Filled, voice: Beeping, tmp_path: Path
) -> None:
    prompts = PromptFiles(tmp_path, voice)
    likely = await housekeeping.likely_fragments(hospital.db, hospital=HOSPITAL, zone=SHANGHAI)
    assert await prompts.prewarm(likely) == len(likely)
    voice.said.clear()
    await reception(hospital.db, prompts).hotline(telephone(ZHANG, "1", "1", "1", "1"))
    assert voice.said == ["张三丰，您好。"]


async def test_prompts_nobody_used_go_names_first(hospital: Filled, desk: Reception) -> None:
    await desk.hotline(telephone(ZHANG))
    now = utc_now()
    assert desk.prompts.prune(now + timedelta(days=6)) == 0
    assert desk.prompts.prune(now + timedelta(days=8)) == 1
    assert desk.prompts.prune(now + timedelta(days=100)) > 3
    assert desk.prompts.prune(now + timedelta(days=200)) == 0


async def test_a_call_costs_the_database_little(hospital: Filled, desk: Reception) -> None:
    await desk.hotline(telephone(ZHANG))
    spoken: list[str] = []

    def count(record: asyncpg.connection.LoggedQuery) -> None:
        spoken.append(record.query)

    async with hospital.db.connection() as conn:
        conn.add_query_logger(count)
    await desk.hotline(telephone(ZHANG))
    assert 0 < len(spoken) <= 25  # transactions' own statements and the resets of pooled connections included
