"""Who may write for which purpose, and to whom: refused with a word, never sent as something else."""

from collections.abc import AsyncIterator

import pytest

from crm_core.consent import service as consent
from crm_core.kernel.actor import SMS_SENDER, SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import PatientId
from sms import service
from sms.errors import NotTheirNumberError, PurposeForbiddenError
from sms.model import Purpose
from tests.db.sms_hospital import LETTERHEAD, STRANGER, ZHANG, Hospital
from tests.db.sms_queue import opened

pytestmark = pytest.mark.db
OFFER = "【示例医院】体检优惠，拒收请回复R"
DESK, OFFERS = {Purpose.CARE, Purpose.NOTICE}, {Purpose.MARKETING}
MAY: dict[Role, set[Purpose]] = {
    Role.ADMIN: DESK | OFFERS,
    Role.SUPERVISOR: DESK | OFFERS,
    Role.AGENT: DESK,
    Role.NURSE: DESK,
    Role.MARKETER: OFFERS,
    Role.AUDITOR: set(),
    Role.API: DESK | OFFERS,
}


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    async with opened(database_url) as hospital:
        yield hospital


def person(role: Role) -> Actor:
    return Actor(ActorKind.USER, role.value, role)


@pytest.mark.parametrize("role", Role)
async def test_each_role_writes_for_its_purposes_and_for_no_other(hospital: Hospital, role: Role) -> None:
    await consent.record(
        hospital.db, SYSTEM, ZHANG, purpose="marketing", channel="sms", choice="opt_in", source="staff"
    )
    for purpose in Purpose:
        if purpose in MAY[role]:
            await service.queue(
                hospital.db, person(role), to=ZHANG, text=OFFER, purpose=purpose, zone=LETTERHEAD.timezone
            )
        else:
            with pytest.raises(PurposeForbiddenError):
                await service.queue(
                    hospital.db, person(role), to=ZHANG, text=OFFER, purpose=purpose, zone=LETTERHEAD.timezone
                )
    assert [sms.purpose for sms in await hospital.messages()] == [
        purpose for purpose in Purpose if purpose in MAY[role]
    ]


async def test_what_was_refused_is_written_down(hospital: Hospital) -> None:
    with pytest.raises(PurposeForbiddenError):
        await service.queue(
            hospital.db, person(Role.AGENT), to=ZHANG, text=OFFER, purpose="marketing", zone=LETTERHEAD.timezone
        )
    refused = "SELECT actor, action, detail ->> 'purpose' FROM audit WHERE outcome = 'refused'"
    assert await hospital.rows(refused) == [("agent", "queue sms", "marketing")]


@pytest.mark.parametrize("actor", [SYSTEM, SMS_SENDER])
async def test_machines_and_conversations_write_what_code_says(hospital: Hospital, actor: Actor) -> None:
    await service.queue(hospital.db, actor, to=ZHANG, text="您好", purpose="care", zone=LETTERHEAD.timezone)


async def test_a_text_for_a_patient_goes_to_a_number_of_theirs(hospital: Hospital) -> None:
    patient_id = await hospital.patient("张三丰", ZHANG, "+8613700137000")
    await service.queue(
        hospital.db, SYSTEM, to=ZHANG, text="您好", purpose="care", patient_id=patient_id, zone=LETTERHEAD.timezone
    )
    with pytest.raises(NotTheirNumberError):
        await service.queue(
            hospital.db,
            SYSTEM,
            to=STRANGER,
            text="您好",
            purpose="care",
            patient_id=patient_id,
            zone=LETTERHEAD.timezone,
        )
    assert len(await hospital.messages()) == 1


async def test_a_text_for_nobody_is_refused_before_the_database_is_asked(hospital: Hospital) -> None:
    with pytest.raises(InvalidInputError) as error:
        await service.queue(
            hospital.db,
            SYSTEM,
            to=ZHANG,
            text="您好",
            purpose="care",
            patient_id=PatientId(999),
            zone=LETTERHEAD.timezone,
        )
    assert error.value.field == "patient_id"


async def test_an_answer_about_a_relative_goes_to_who_wrote(hospital: Hospital) -> None:
    child = await hospital.patient("张小明", "+8613700137000")
    (asked,) = await hospital.receive("我儿子的号", ZHANG)
    await service.queue(
        hospital.db,
        SYSTEM,
        to=ZHANG,
        text="好的",
        purpose="care",
        patient_id=child,
        is_reply=True,
        reply_to=asked,
        zone=LETTERHEAD.timezone,
    )
    assert [sms.patient_id for sms in await hospital.messages()] == [child]
