"""What waited too long is looked after by itself, again and again, for as long as the server runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from crm_core.kernel.ids import SmsId
from crm_core.kernel.notices import Notices
from crm_core.kernel.status import StatusBoard
from sms import modems, pdu
from sms.inbound import keep
from sms.model import SmsState
from tests.db.sms_hospital import NOON, ZHANG, Hospital
from tests.db.sms_queue import claimed, opened, queue, send, sms
from tests.eventually import eventually
from tests.sms_deliver import deliver

pytestmark = pytest.mark.db


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    async with opened(database_url) as hospital:
        yield hospital


@asynccontextmanager
async def housekeeping(hospital: Hospital) -> AsyncIterator[None]:
    running = asyncio.ensure_future(modems.keep_house(hospital.db, every_s=0.01))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_texts_without_a_report_texts_in_doubt_and_halves_of_texts_are_looked_after(hospital: Hospital) -> None:
    sent = await send(hospital)
    stuck = await queue(hospital, "在路上")
    await claimed(hospital)
    half, *_ = deliver("早" * 67 + "晚" * 67, ZHANG, at=NOON, reference=5)
    read = pdu.decode(half)
    assert isinstance(read, pdu.Deliver)
    assert await keep(hospital.db, "sim1", half, read) is None

    async with housekeeping(hospital):
        hospital.clock.now += timedelta(hours=26)
        await becomes(hospital, sent, SmsState.EXPIRED)
        await becomes(hospital, stuck, SmsState.UNKNOWN)
        await eventually(lambda: hospital.messages("in"), what="the half that came")
        again = await send(hospital)
        hospital.clock.now += timedelta(hours=26)
        await becomes(hospital, again, SmsState.EXPIRED)
    assert "check_outcome" in await hospital.tasks()
    (received,) = await hospital.messages("in")
    assert received.text.startswith("早")
    assert "[…]" in received.text


async def becomes(hospital: Hospital, sms_id: SmsId, state: SmsState) -> None:
    async def has_become() -> bool:
        return (await sms(hospital, sms_id)).state is state

    await eventually(has_become, what=state.value)


def test_it_runs_wherever_texts_are_sent(hospital: Hospital) -> None:
    board = StatusBoard()
    notices, devices = Notices(hospital.db, board), modems.devices(["/dev/null"])
    found = modems.services(hospital.db, notices, board, devices, zone=ZoneInfo("Asia/Shanghai"))
    assert "sms-housekeeping" in [name for name, _ in found]
