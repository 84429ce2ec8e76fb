"""Patients text the hospital through the GSM network, the modem and the conversation, and are texted."""

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.acceptance import people
from tests.acceptance.hospital import Hospital
from tests.eventually import eventually

pytestmark = pytest.mark.modem

ANSWER_S = 60.0
TEXT = "【示例医院】健康讲座本周六开讲，退订回T"  # names its sender and how to refuse, as marketing must
# What somebody says back to us word by word is an echo and gets no answer: each way has words of its own.
LONG = "".join(random.Random(5).choices("您好我想问一下上次检查的结果是不是已经出来了😀🏥𠮷𠮷龘谢谢医生", k=500))
OURS = LONG[::-1]


class Texter:
    """A patient with a telephone in hand."""

    def __init__(self, hospital: Hospital, number: str) -> None:
        self.hospital, self.number = hospital, number
        self.began = datetime.now(UTC)
        self.seen = 0
        self.sent = 0

    async def begin(self) -> "Texter":
        """What lies in the inbox already is old."""
        self.seen = len(await self.hospital.phones.inbox(self.number))
        return self

    async def say(self, text: str) -> str:
        """Send a text; the hospital's answer."""
        self.sent += 1
        await self.hospital.phones.send(self.number, text)
        return await self.next()

    async def next(self, *, within_s: float = ANSWER_S) -> str:
        """The next text that comes."""

        async def come() -> list[str]:
            return [one.text for one in await self.hospital.phones.inbox(self.number)][self.seen :]

        texts = await eventually(come, within_s=within_s, every_s=0.1, what=f"a text after {self.sent}")
        self.seen += 1
        return str(texts[0])

    async def appointments(self) -> list[dict[str, Any]]:
        """What they booked since; newest first."""
        (patient,) = (await self.hospital.api.get("/patients", phone=self.number))["items"]
        found = await self.hospital.api.items("/appointments", patient_id=patient["id"])
        return [one for one in found if datetime.fromisoformat(one["booked_at"]) >= self.began]

    async def received(self) -> list[str]:
        """What the hospital has of theirs since, newest first."""
        page = await self.hospital.api.get("/sms", peer=self.number, direction="in")
        return [one["text"] for one in page["items"] if datetime.fromisoformat(one["created_at"]) >= self.began]


async def texter(hospital: Hospital) -> Texter:
    """Somebody new each time: who has texted much is taken for a machine."""
    return await Texter(hospital, random.choice(await people.free_patients(hospital.api)).phone).begin()


async def test_booking_confirming_asking_and_cancelling_by_text(hospital: Hospital) -> None:
    patient = await texter(hospital)
    answer = await patient.say("预约")
    assert "1" in answer
    while patient.sent < 4 and not await patient.appointments():
        answer = await patient.say("1")
    (booked,) = await patient.appointments()
    assert (booked["status"], booked["channel"]) == ("booked", "sms")
    assert booked["slot"]["practitioner"] in answer

    assert booked["slot"]["practitioner"] in await patient.say("查询")
    await patient.say("确认")
    (confirmed,) = await patient.appointments()
    assert confirmed["status"] == "confirmed"

    await patient.say("取消")
    if (await patient.appointments())[0]["status"] != "cancelled":  # it asks whether that is meant
        await patient.say("1")
    (cancelled,) = await patient.appointments()
    assert (cancelled["status"], cancelled["id"]) == ("cancelled", booked["id"])
    free = (await hospital.api.get("/slots", free="true", practitioner=booked["slot"]["practitioner_id"], limit=200))[
        "items"
    ]
    assert booked["slot_id"] in [slot["id"] for slot in free]


async def test_who_says_stop_gets_no_notice_and_no_offer_but_their_care(hospital: Hospital) -> None:
    patient, api = await texter(hospital), hospital.api
    assert await patient.say("STOP")
    rules = {}
    for purpose in ("care", "notice", "marketing"):
        answer = await api.ask(
            "POST", "/sms", body={"to": patient.number, "text": f"{TEXT}{purpose}", "purpose": purpose}
        )
        rules[purpose] = (answer.status, (answer.json or {}).get("rule"))
    assert rules == {"care": (202, None), "notice": (409, "opted_out"), "marketing": (409, "opted_out")}
    assert await patient.next() == f"{TEXT}care"
    await patient.say("START")
    answer = await api.ask("POST", "/sms", body={"to": patient.number, "text": "复查通知", "purpose": "notice"})
    assert answer.status == 202
    assert "复查通知" in await patient.next()


async def test_offers_need_consent_first(hospital: Hospital) -> None:
    patient = await texter(hospital)
    answer = await hospital.api.ask("POST", "/sms", body={"to": patient.number, "text": TEXT, "purpose": "marketing"})
    assert (answer.status, answer.json["rule"]) == (409, "no_consent")


async def _message(hospital: Hospital, look: Callable[[], Awaitable[Any]], what: str) -> Any:
    return await eventually(look, every_s=0.3, what=what)


async def test_a_long_text_with_emoji_arrives_whole_though_its_segments_come_twice_and_in_disorder(
    hospital: Hospital,
) -> None:
    patient = await texter(hospital)
    await hospital.phones.fault("reorder")
    await hospital.phones.fault("duplicate_segment")
    assert await hospital.phones.send(patient.number, LONG) >= 8
    await _message(hospital, patient.received, "the long text")
    await patient.next()  # nobody's keyword: help, and a task for a person
    assert await patient.received() == [LONG]


async def test_a_long_text_of_ours_arrives_whole_and_is_delivered_segment_by_segment(hospital: Hospital) -> None:
    patient, api = await texter(hospital), hospital.api
    sent = await api.post("/sms", {"to": patient.number, "text": OURS, "purpose": "care"})
    assert await patient.next(within_s=60) == OURS

    async def delivered() -> dict[str, Any] | None:
        message: dict[str, Any] = await api.get(f"/sms/{sent['id']}")
        return message if message["state"] == "delivered" else None

    message = await _message(hospital, delivered, "the delivery reports")
    segments = message["segments"]
    assert len(segments) >= 8
    assert [one["number"] for one in segments] == list(range(1, len(segments) + 1))
    assert {(one["state"], one["status"], one["total"]) for one in segments} == {("delivered", 0, len(segments))}


async def test_a_text_that_cannot_be_delivered_says_so(hospital: Hospital) -> None:
    patient, api = await texter(hospital), hospital.api
    await hospital.phones.fault("delivery_failed")
    sent = await api.post("/sms", {"to": patient.number, "text": "请来取报告", "purpose": "care"})

    async def failed() -> bool:
        return bool((await api.get(f"/sms/{sent['id']}"))["state"] == "failed")

    await _message(hospital, failed, "the failed delivery")


async def test_a_stranger_who_texts_becomes_a_consultation(hospital: Hospital) -> None:
    number = f"137{random.randrange(10**8):08d}"
    stranger = await Texter(hospital, number).begin()
    assert await stranger.say("请问周末有皮肤科门诊吗")
    rows = await hospital.ask_database("SELECT source, status FROM consultation WHERE msisdn = $1", f"+86{number}")
    assert [tuple(row) for row in rows] == [("sms", "open")]
