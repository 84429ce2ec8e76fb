"""Texts over a modem on a pty: sent once, received once, whatever the line, the modem and the network do."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.ids import Msisdn
from crm_core.kernel.status import StatusBoard
from sms import service
from sms.model import SmsState
from sms.worker import ModemWorker
from tests.db.sms_hospital import LETTERHEAD, ZHANG
from tests.hearing import hearing
from tests.modem.gsm_process import GsmProcess, running_network
from tests.modem.sms_worker import TextingHospital, texting

pytestmark = pytest.mark.modem

TEXT = ("预约内科，谢谢！😀𠮷" * 50)[:500]


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[GsmProcess]:
    async with running_network(tmp_path) as network:
        yield network


@pytest.fixture
async def hospital(database_url: str, network: GsmProcess) -> AsyncIterator[TextingHospital]:
    async with texting(database_url, network.link, network.phones) as hospital:
        yield hospital


@pytest.fixture
async def answering(database_url: str, network: GsmProcess) -> AsyncIterator[TextingHospital]:
    async with texting(database_url, network.link, network.phones, answers=True) as hospital:
        yield hospital


async def test_a_text_is_sent_and_its_delivery_known(hospital: TextingHospital) -> None:
    sms_id = await hospital.queue("请按时复诊")
    await hospital.becomes(sms_id, "delivered")
    assert await hospital.inbox() == ["请按时复诊"]
    assert await hospital.state() == "ok"


@pytest.mark.parametrize("text", [TEXT, "Hello {world} €" * 20, "a" * 160, "约" * 70])
async def test_any_text_arrives_whole(hospital: TextingHospital, text: str) -> None:
    sms_id = await hospital.queue(text)
    await hospital.becomes(sms_id, "delivered")
    assert await hospital.inbox() == [text]


async def test_a_long_text_from_a_patient_arrives_whole(hospital: TextingHospital) -> None:
    await hospital.phones.send(ZHANG, TEXT)
    await hospital.has_received(TEXT)


@pytest.mark.parametrize(
    "fault", ["reorder", "duplicate_segment", "drop_indication", "delay_indication", "non_utf8", "garbage", "fragment"]
)
async def test_a_troubled_line_loses_no_text(hospital: TextingHospital, fault: str) -> None:
    await hospital.reports("ok")
    await hospital.phones.fault(fault, {"state": "on"} if fault == "fragment" else {})
    await hospital.phones.send(ZHANG, TEXT, wide=True)
    if fault == "drop_indication":
        await hospital.phones.send("+8613900000001", "另一条")
        await hospital.has_received(TEXT, "另一条")
    else:
        await hospital.has_received(TEXT)
    sms_id = await hospital.queue("收到")
    await hospital.becomes(sms_id, "delivered")


async def test_texts_that_came_while_nobody_listened_are_found(database_url: str, network: GsmProcess) -> None:
    for n in range(5):
        await network.phones.send(ZHANG, f"第{n}条")
    async with texting(database_url, network.link, network.phones) as hospital:
        await hospital.has_received(*(f"第{n}条" for n in range(5)))


async def test_four_texts_book_an_appointment(answering: TextingHospital) -> None:
    patient = await answering.patient()
    for count, text in enumerate(("预约", "1", "1", "1"), start=1):
        await answering.phones.send(ZHANG, text)
        texts = await answering.arrives(count=count)
    assert "预约成功：11月24日(周二)09:00 王建国医生" in texts[-1]
    assert await answering.appointments() == [(patient, answering.slots["int"][0], "booked")]


@pytest.mark.parametrize(
    ("fault", "state"),
    [("delivery_failed", "failed"), ("delivery_temporary", "delivered"), ("early_report", "delivered")],
)
async def test_reports_are_believed(hospital: TextingHospital, fault: str, state: str) -> None:
    await hospital.phones.fault(fault)
    sms_id = await hospital.queue("请按时复诊")
    await hospital.becomes(sms_id, state)


async def test_a_report_that_comes_twice_is_of_one_text(hospital: TextingHospital) -> None:
    """The second copy is no word about the next text, whose own report never comes."""
    await hospital.phones.fault("duplicate_report")
    first = await hospital.queue("一")
    await hospital.becomes(first, "delivered")
    await hospital.phones.fault("no_report")
    second = await hospital.queue("二")
    await hospital.becomes(second, "sent")
    third = await hospital.queue("三")
    await hospital.becomes(third, "delivered")
    assert (await hospital.sms(second)).state is SmsState.SENT


async def test_a_refusal_for_now_is_tried_again(hospital: TextingHospital) -> None:
    await hospital.phones.fault("refuse_send", {"error": "42"})
    sms_id = await hospital.queue("请按时复诊")
    refused = await hospital.becomes(sms_id, "queued")
    assert refused.tries == 0 or refused.reason == "+CMS ERROR: 42"


async def test_a_refusal_for_ever_fails(hospital: TextingHospital) -> None:
    await hospital.phones.fault("refuse_send", {"error": "1"})
    sms_id = await hospital.queue("请按时复诊")
    assert (await hospital.becomes(sms_id, "failed")).reason == "+CMS ERROR: 1"


@pytest.mark.parametrize("accepted", ["0", "1"])
async def test_a_modem_that_dies_with_the_pdu_in_hand_leaves_the_question_to_a_person(
    hospital: TextingHospital, accepted: str
) -> None:
    await hospital.reports("ok")
    await hospital.phones.fault("die_after_pdu", {"seconds": "1", "accepted": accepted})
    sms_id = await hospital.queue("只发一次")
    await hospital.becomes(sms_id, "unknown")
    assert await hospital.tasks() == ["check_outcome"]
    other = await hospital.queue("下一条")
    await hospital.becomes(other, "delivered")
    assert (await hospital.sms(sms_id)).state is SmsState.UNKNOWN
    assert (await hospital.inbox()).count("只发一次") == int(accepted)


async def test_an_unplugged_modem_is_noticed_shown_and_recovered(hospital: TextingHospital) -> None:
    await hospital.reports("ok")
    await hospital.phones.fault("unplug")
    await hospital.reports("device cannot be opened")
    waiting = await hospital.queue("等一等")
    await hospital.phones.fault("replug")
    await hospital.becomes(waiting, "delivered")
    await hospital.reports("ok")


async def test_a_modem_that_stops_answering_is_noticed(hospital: TextingHospital) -> None:
    await hospital.reports("ok")
    await hospital.phones.fault("no_answer")
    await hospital.reports("no answer")
    await hospital.reports("ok")
    await hospital.becomes(await hospital.queue("又好了"), "delivered")


async def test_a_modem_that_restarts_is_set_up_again(hospital: TextingHospital) -> None:
    await hospital.reports("ok")
    await hospital.phones.fault("garbage", {"hex": b"\r\n^SYSSTART\r\n".hex()})
    await hospital.reports("modem restarted")
    await hospital.reports("ok")


async def test_without_a_network_nothing_is_tried(hospital: TextingHospital) -> None:
    await hospital.reports("ok")
    await hospital.phones.fault("registration", {"state": "lost"})
    await hospital.reports("not registered in a network")
    sms_id = await hospital.queue("等网络")
    await hospital.phones.fault("registration", {"state": "home"})
    assert (await hospital.becomes(sms_id, "delivered")).tries == 1


async def test_a_missing_sim_is_shown(hospital: TextingHospital) -> None:
    await hospital.reports("ok")
    await hospital.phones.fault("sim", {"state": "out"})
    await hospital.phones.fault("unplug", {"seconds": "0.2"})
    await hospital.reports("no SIM")
    await hospital.phones.fault("sim", {"state": "in"})
    await hospital.reports("ok")


async def test_a_full_storage_is_emptied_and_what_waits_in_the_network_comes(
    database_url: str, network: GsmProcess
) -> None:
    await network.phones.fault("full_storage", {"capacity": "2"})
    for n in range(6):
        await network.phones.send(ZHANG, f"第{n}条")
    async with texting(database_url, network.link, network.phones) as hospital:
        await hospital.has_received(*(f"第{n}条" for n in range(6)))


async def test_a_telephone_that_is_off_gets_its_text_later(hospital: TextingHospital) -> None:
    await hospital.phones.fault("phone_off", {"number": ZHANG})
    sms_id = await hospital.queue("晚点看")
    await hospital.becomes(sms_id, "sent")
    await hospital.phones.fault("phone_on", {"number": ZHANG})
    await hospital.becomes(sms_id, "delivered")


async def test_an_answer_overtakes_the_bulk(hospital: TextingHospital) -> None:
    """With a long queue waiting, an answer leaves after at most one message more."""
    await hospital.reports("ok")
    bulk = [await hospital.queue(f"群发{n}", to=hospital_number(n)) for n in range(12)]
    await hospital.becomes(bulk[1], "sent", "delivered")
    await hospital.receive("在吗")
    answer = await service.queue(
        hospital.db, SYSTEM, to=ZHANG, text="在的", purpose="care", is_reply=True, zone=LETTERHEAD.timezone
    )
    before = [one for one in bulk if (await hospital.sms(one)).state is not SmsState.QUEUED]
    await hospital.becomes(answer, "sent", "delivered")
    after = [one for one in bulk if (await hospital.sms(one)).state is not SmsState.QUEUED]
    assert len(after) - len(before) <= 2


def hospital_number(n: int) -> Msisdn:
    return Msisdn(f"+861390000{n:04d}")


async def test_only_one_process_uses_a_modem(database_url: str, network: GsmProcess, hospital: TextingHospital) -> None:
    await hospital.reports("ok")
    board = StatusBoard()
    first = hospital.worker
    async with hearing(hospital.db) as notices:
        second = ModemWorker(hospital.db, notices, board, first.device, first.zone, first.timing)
        running = asyncio.ensure_future(second.run())
        await asyncio.wait([running], timeout=2.5)
        assert board.parts() == {"modem:sim1": "waiting for its turn"}
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
