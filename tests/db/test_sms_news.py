"""Who is told by text of an appointment that an agent or the voice menu made or gave up for them, and who is not."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from crm_core.consent import service as consent
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import AppointmentId, SmsId
from crm_core.scheduling import service as scheduling
from crm_core.scheduling.errors import AppointmentNotOpenError
from sms import outbound, telling
from sms.delivery import Refusal
from sms.errors import ContactForbiddenError, NoPhoneError
from sms.jobs import TELL_PATIENT, jobs
from sms.news import GRACE
from tests.db.sms_hospital import LETTERHEAD, NOON, ZHANG, Hospital
from tests.db.sms_queue import claim, claimed, opened, sms

pytestmark = pytest.mark.db

BOOKED = (
    "【示例医院】张三丰，预约成功：11月24日(周二)09:00 王建国医生。请带好证件，提前15分钟到院。不能来请回复“取消”。"
)
CANCELLED = "【示例医院】张三丰，11月24日(周二)09:00 王建国医生 的预约已取消。需要时请回复“预约”。"


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    async with opened(database_url) as hospital:
        yield hospital


async def booked(hospital: Hospital, channel: str = "agent", *phones: str) -> AppointmentId:
    patient = await hospital.patient("张三丰", *phones)
    slot = hospital.slots["gyn"][0]
    return (await scheduling.book(hospital.db, SYSTEM, patient_id=patient, slot_id=slot, channel=channel)).id


async def cancel(hospital: Hospital, appointment: AppointmentId, channel: str = "agent") -> None:
    await scheduling.cancel(hospital.db, SYSTEM, appointment, channel)


async def later(hospital: Hospital, *, tells: bool = True, by: timedelta = GRACE) -> None:
    """The clock goes on, and what was enqueued since runs."""
    hospital.clock.now += by
    (run,) = [job.run for job in jobs(hospital.db, LETTERHEAD, tells_bookings=tells) if job.name == TELL_PATIENT]
    rows = await hospital.rows(
        "DELETE FROM pgqueuer WHERE entrypoint = $1 RETURNING convert_from(payload, 'utf8')::jsonb, id", TELL_PATIENT
    )
    for args, _ in sorted(rows, key=lambda row: str(row[1])):
        assert isinstance(args, dict)
        await run(args)


async def texts(hospital: Hospital) -> list[str]:
    return [one.text for one in await hospital.messages()]


async def sent(hospital: Hospital) -> SmsId:
    taken = await claimed(hospital)
    for number in range(1, len(taken.submits) + 1):
        await outbound.record_sent(hospital.db, taken, number, number)
    return taken.sms_id


@pytest.mark.parametrize("channel", ["agent", "ivr", "call"])
async def test_who_is_booked_for_by_telephone_reads_it_a_minute_later_and_once(
    hospital: Hospital, channel: str
) -> None:
    appointment = await booked(hospital, channel)
    assert await hospital.rows("SELECT execute_after - created >= interval '59 s' FROM pgqueuer") == [(True,)]
    await later(hospital)
    assert await texts(hospital) == [BOOKED]
    await telling.tell_by_itself(hospital.db, appointment, LETTERHEAD)  # the job was killed and runs again
    assert await texts(hospital) == [BOOKED]
    assert (await sms(hospital, await sent(hospital))).appointment_id == appointment


@pytest.mark.parametrize("channel", ["sms", "web", "api"])
async def test_who_books_by_text_was_answered_and_other_systems_tell_by_themselves(
    hospital: Hospital, channel: str
) -> None:
    await cancel(hospital, await booked(hospital, channel), channel)
    await later(hospital)
    assert await texts(hospital) == []


async def test_a_hospital_may_switch_it_off_and_still_tell_by_hand(hospital: Hospital) -> None:
    appointment = await booked(hospital)
    await later(hospital, tells=False)
    assert await texts(hospital) == []
    first = await telling.tell(hospital.db, SYSTEM, appointment, letterhead=LETTERHEAD)
    assert await telling.tell(hospital.db, SYSTEM, appointment, letterhead=LETTERHEAD) == first
    await later(hospital)
    assert await texts(hospital) == [BOOKED]


async def test_a_text_that_failed_may_be_asked_for_again(hospital: Hospital) -> None:
    appointment = await booked(hospital)
    first = await telling.tell(hospital.db, SYSTEM, appointment, letterhead=LETTERHEAD)
    await outbound.record_refused(hospital.db, await claimed(hospital), Refusal.PERMANENT, "+CMS ERROR: 1")
    assert await telling.tell(hospital.db, SYSTEM, appointment, letterhead=LETTERHEAD) != first


async def test_what_is_undone_within_a_minute_is_never_told(hospital: Hospital) -> None:
    await cancel(hospital, await booked(hospital))
    await later(hospital)
    assert await texts(hospital) == []


async def test_what_is_taken_back_before_its_text_has_left_is_never_told(hospital: Hospital) -> None:
    appointment = await booked(hospital)
    await later(hospital)
    await cancel(hospital, appointment)
    await later(hospital)
    assert [(one.text, one.state.value) for one in await hospital.messages()] == [(BOOKED, "suppressed")]


async def test_a_cancellation_is_told_to_who_knew_and_leaves_though_the_appointment_is_gone(hospital: Hospital) -> None:
    appointment = await booked(hospital)
    await later(hospital)
    await sent(hospital)
    await cancel(hospital, appointment, "ivr")
    await later(hospital)
    assert await texts(hospital) == [BOOKED, CANCELLED]
    assert (await sms(hospital, await sent(hospital))).text == CANCELLED


async def test_who_has_booked_by_text_hears_that_an_agent_cancelled_it(hospital: Hospital) -> None:
    appointment = await booked(hospital, "sms")
    await later(hospital)
    await cancel(hospital, appointment)
    await later(hospital)
    assert await texts(hospital) == [CANCELLED]


async def test_a_cancellation_that_is_undone_is_not_told_nor_is_its_undoing(hospital: Hospital) -> None:
    appointment = await booked(hospital)
    await later(hospital)
    await sent(hospital)
    await cancel(hospital, appointment)
    await scheduling.rebook(hospital.db, SYSTEM, appointment, "agent")
    await later(hospital)
    assert await texts(hospital) == [BOOKED]


async def test_a_cancellation_that_waits_for_the_morning_is_taken_back_when_it_is_undone_at_night(
    hospital: Hospital,
) -> None:
    appointment = await booked(hospital)
    await later(hospital)
    await sent(hospital)
    hospital.clock.now = NOON + timedelta(hours=12)  # midnight
    await cancel(hospital, appointment)
    await later(hospital)
    assert await claim(hospital) is None  # quiet hours
    await scheduling.rebook(hospital.db, SYSTEM, appointment, "agent")
    await later(hospital)
    assert [(one.text, one.state.value) for one in await hospital.messages()] == [
        (BOOKED, "sent"),
        (CANCELLED, "suppressed"),
    ]


async def test_an_undoing_after_the_cancellation_was_sent_is_told(hospital: Hospital) -> None:
    appointment = await booked(hospital)
    await later(hospital)
    await sent(hospital)
    await cancel(hospital, appointment)
    await later(hospital)
    await sent(hospital)
    await scheduling.rebook(hospital.db, SYSTEM, appointment, "agent")
    await later(hospital)
    assert await texts(hospital) == [BOOKED, CANCELLED, BOOKED]


async def test_a_move_is_one_text(hospital: Hospital) -> None:
    patient = await hospital.patient()
    first, second, _ = hospital.slots["int"]
    made = await scheduling.book(hospital.db, SYSTEM, patient_id=patient, slot_id=first, channel="agent")
    await later(hospital)
    await sent(hospital)
    await scheduling.reschedule(hospital.db, SYSTEM, made.id, second, "agent")
    await later(hospital)
    assert (await texts(hospital))[1:] == [
        "【示例医院】张三丰，改期成功：11月24日(周二)09:30 王建国医生。原预约已取消。"
    ]


async def test_who_refused_texts_or_has_a_landline_only_gets_none(hospital: Hospital) -> None:
    appointment = await booked(hospital, "agent", "057187654321")
    await later(hospital)
    with pytest.raises(NoPhoneError):
        await telling.tell(hospital.db, SYSTEM, appointment, letterhead=LETTERHEAD)
    assert await texts(hospital) == []


async def test_a_refusal_holds_and_an_agent_who_asks_is_told_why(hospital: Hospital) -> None:
    await consent.never_dial(hospital.db, SYSTEM, ZHANG, "ward")
    appointment = await booked(hospital)
    await later(hospital)
    assert await texts(hospital) == []
    with pytest.raises(ContactForbiddenError):
        await telling.tell(hospital.db, SYSTEM, appointment, letterhead=LETTERHEAD)


async def test_there_is_no_news_of_what_is_over(hospital: Hospital) -> None:
    appointment = await booked(hospital)
    await later(hospital, by=timedelta(days=2))
    assert await texts(hospital) == []
    with pytest.raises(AppointmentNotOpenError):
        await telling.tell(hospital.db, SYSTEM, appointment, letterhead=LETTERHEAD)
