"""What tests of the queue of messages do with a small hospital."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import open_database
from crm_core.kernel.ids import Msisdn, SmsId
from sms import outbound, pdu, service, store
from sms.handlers import SUBSCRIPTIONS
from sms.model import ClaimId, Sms
from sms.outbound import Claim
from tests.db.sms_hospital import LETTERHEAD, NOON, ZHANG, Clock, Hospital
from tests.sms_deliver import report


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Hospital]:
    clock = Clock()
    async with open_database(database_url, subscriptions=SUBSCRIPTIONS, clock=clock) as db:
        hospital = Hospital(db, clock)
        await hospital.open()
        yield hospital


async def queue(hospital: Hospital, text: str = "您好", *, purpose: str = "care", to: Msisdn = ZHANG) -> SmsId:
    return await service.queue(hospital.db, SYSTEM, to=to, text=text, purpose=purpose, zone=LETTERHEAD.timezone)


async def claim(hospital: Hospital, modem: str = "sim1", claim_id: ClaimId | None = None) -> Claim | None:
    return await outbound.claim(hospital.db, modem, claim_id or ClaimId(uuid4()), zone=LETTERHEAD.timezone)


async def claimed(hospital: Hospital, modem: str = "sim1", claim_id: ClaimId | None = None) -> Claim:
    found = await claim(hospital, modem, claim_id)
    assert found is not None
    return found


async def sms(hospital: Hospital, sms_id: SmsId) -> Sms:
    async with hospital.db.connection() as conn:
        found = await store.get(conn, sms_id)
    assert found is not None
    return found


async def segment_states(hospital: Hospital, sms_id: SmsId) -> list[str]:
    async with hospital.db.connection() as conn:
        return [segment.state.value for segment in await store.segments(conn, sms_id)]


async def send(hospital: Hospital, text: str = "您好", *, first_reference: int = 10) -> SmsId:
    sms_id = await queue(hospital, text)
    taken = await claimed(hospital)
    for number in range(1, len(taken.submits) + 1):
        await outbound.record_sent(hospital.db, taken, number, first_reference + number - 1)
    return sms_id


async def heard(hospital: Hospital, reference: int, status: int, *, recipient: str = ZHANG) -> bool:
    read = pdu.decode(report(reference, recipient, status, NOON))
    assert isinstance(read, pdu.StatusReport)
    return await outbound.apply_report(hospital.db, "sim1", read)
