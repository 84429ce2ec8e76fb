"""Who may die where between a text and the modem, and what becomes of the text: decision 0061, row by row."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from crm_core.kernel.errors import DatabaseUnavailableError
from crm_core.kernel.status import StatusBoard
from sms import outbound, outbound_store
from sms.delivery import Refusal
from sms.model import ClaimId, SmsState
from sms.modem import ModemDevice
from sms.worker import ModemWorker
from tests.db.sms_hospital import LETTERHEAD, Hospital
from tests.db.sms_queue import claim, claimed, opened, queue, segment_states, sms
from tests.db.waits import waiting
from tests.eventually import eventually
from tests.hearing import hearing

pytestmark = pytest.mark.db

LONG = "请按时复诊。" * 40  # four segments
TAKE_MODEM = "SELECT pg_advisory_lock(hashtextextended('sms modem sim1', 0))"


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    async with opened(database_url) as hospital:
        yield hospital


@asynccontextmanager
async def somebody_else(url: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(url)
    try:
        yield conn
    finally:
        await conn.close()


async def test_a_claim_that_was_never_committed_leaves_the_text_in_the_queue(
    hospital: Hospital, database_url: str
) -> None:
    sms_id, claim_id = await queue(hospital), ClaimId(uuid4())
    async with somebody_else(database_url) as other, other.transaction():
        await other.execute("LOCK TABLE sms_segment IN ACCESS EXCLUSIVE MODE")
        claiming = asyncio.ensure_future(claim(hospital, claim_id=claim_id))
        pid = await eventually(lambda: waiting(other), what="a claim that waits")
        await other.execute("SELECT pg_terminate_backend($1)", pid)
        with pytest.raises(DatabaseUnavailableError):
            await claiming
    await outbound.give_back(hospital.db, claim_id)
    found = await sms(hospital, sms_id)
    assert (found.state, found.tries) == (SmsState.QUEUED, 0)


async def test_a_claim_whose_answer_was_lost_goes_back_and_no_other_does(hospital: Hospital) -> None:
    """It is the claim that failed which goes back: what the modem has in hand may be on the air."""
    on_the_air, claimed_only = await queue(hospital, "一"), await queue(hospital, "二")
    assert (await claimed(hospital)).sms_id == on_the_air
    claim_id = ClaimId(uuid4())
    assert (await claimed(hospital, claim_id=claim_id)).sms_id == claimed_only
    await outbound.give_back(hospital.db, claim_id)
    assert (await sms(hospital, on_the_air)).state is SmsState.SENDING
    assert (await sms(hospital, claimed_only)).state is SmsState.QUEUED
    assert (await claimed(hospital)).sms_id == claimed_only
    assert await claim(hospital) is None


async def test_a_claim_that_is_still_being_committed_is_waited_for(hospital: Hospital, database_url: str) -> None:
    sms_id, claim_id = await queue(hospital), ClaimId(uuid4())
    async with somebody_else(database_url) as claiming:
        async with claiming.transaction():
            await outbound_store.lock_claim(claiming, claim_id)
            await outbound_store.mark_sending(claiming, sms_id, "sim1", claim_id, 1, now=hospital.clock.now)
            giving_back = asyncio.ensure_future(outbound.give_back(hospital.db, claim_id))
            await eventually(lambda: waiting(claiming), what="who gives back waits")
        await giving_back
    assert (await sms(hospital, sms_id)).state is SmsState.QUEUED


async def test_giving_back_twice_takes_nothing_from_who_claimed_it_next(hospital: Hospital) -> None:
    sms_id, claim_id = await queue(hospital), ClaimId(uuid4())
    await claimed(hospital, claim_id=claim_id)
    await outbound.give_back(hospital.db, claim_id)
    hospital.clock.now += timedelta(minutes=2)
    await claimed(hospital, "sim2")
    await outbound.give_back(hospital.db, claim_id)
    assert (await sms(hospital, sms_id)).state is SmsState.SENDING


async def test_what_was_parked_stays_parked_when_the_modem_answers_late(hospital: Hospital) -> None:
    """The person who was asked may have sent it again."""
    sms_id = await queue(hospital)
    taken = await claimed(hospital)
    await outbound.park_found_sending(hospital.db, "sim1")
    await outbound.record_sent(hospital.db, taken, 1, 10)
    await outbound.record_refused(hospital.db, taken, Refusal.TEMPORARY, "+CMS ERROR: 42")
    assert (await sms(hospital, sms_id)).state is SmsState.UNKNOWN
    assert await claim(hospital) is None


async def test_a_refusal_recorded_twice_does_not_take_the_text_from_the_next_modem(hospital: Hospital) -> None:
    """The first record was committed and its answer lost; meanwhile another modem has the text in hand."""
    sms_id = await queue(hospital)
    refused = await claimed(hospital, "sim1")
    await outbound.record_refused(hospital.db, refused, Refusal.TEMPORARY, "+CMS ERROR: 42")
    hospital.clock.now += timedelta(minutes=2)
    await claimed(hospital, "sim2")
    await outbound.record_refused(hospital.db, refused, Refusal.TEMPORARY, "+CMS ERROR: 42")
    await outbound.record_sent(hospital.db, refused, 1, 10)
    assert (await sms(hospital, sms_id)).state is SmsState.SENDING
    assert await claim(hospital) is None


async def test_a_long_text_that_stops_in_the_middle_is_in_doubt_as_a_whole(hospital: Hospital) -> None:
    sms_id = await queue(hospital, LONG)
    await outbound.record_sent(hospital.db, await claimed(hospital), 1, 10)
    await outbound.park_found_sending(hospital.db, "sim1")
    assert (await sms(hospital, sms_id)).state is SmsState.UNKNOWN
    assert await segment_states(hospital, sms_id) == ["sent", "unknown", "queued", "queued"]
    assert await claim(hospital) is None


async def test_who_takes_a_modem_again_asks_a_person_about_what_the_other_process_left(
    hospital: Hospital, database_url: str
) -> None:
    device = ModemDevice(name="sim1", device="/dev/no-such-modem")
    async with hearing(hospital.db) as notices:
        worker = ModemWorker(hospital.db, notices, StatusBoard(), device, LETTERHEAD.timezone)
        running = asyncio.ensure_future(worker.guard.hold())
        await eventually(worker.guard.held.is_set, what="the modem")
        async with somebody_else(database_url) as other:
            taking = asyncio.ensure_future(other.execute(TAKE_MODEM))
            async with hospital.db.connection() as conn:
                await eventually(lambda: waiting(conn), what="the other process")
                await conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND "
                    "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                )
            await taking
            sms_id = await queue(hospital)
            await claimed(hospital)
        await eventually(worker.guard.held.is_set, what="the modem again")
        assert (await sms(hospital, sms_id)).state is SmsState.UNKNOWN
        assert await hospital.tasks() == ["check_outcome"]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_who_takes_a_modem_again_keeps_what_it_has_in_hand_itself(hospital: Hospital) -> None:
    sms_id, claim_id = await queue(hospital), ClaimId(uuid4())
    await claimed(hospital, claim_id=claim_id)
    assert await outbound.park_found_sending(hospital.db, "sim1", in_hand=claim_id) == 0
    assert (await sms(hospital, sms_id)).state is SmsState.SENDING
