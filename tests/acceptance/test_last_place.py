"""Everybody wants the last place: 184 by the API, 6 by text through the modem, 10 on the telephone, at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from tests.acceptance import people
from tests.acceptance.api import TIMEOUT, Answer, Api
from tests.acceptance.hospital import Hospital
from tests.acceptance.people import Anyone
from tests.asterisk.phone import Line, phone
from tests.eventually import eventually

pytestmark = pytest.mark.asterisk

BY_API, BY_SMS, BY_PHONE = 184, 6, 10
TAKEN, BOOKED = "刚被约满", "预约成功"
GREETING_FRAMES, QUESTION_FRAMES = 350, 100  # of 20 ms: the announcement and a greeting; the beginning of a question


@dataclass(frozen=True, slots=True)
class Place:
    """The slot that all want, with one place left; `key` chooses its department on the telephone and in a text."""

    slot_id: int
    key: str
    last_id: int  # of the appointments there were before


async def last_place(api: Api, fillers: list[Anyone]) -> Place:
    """The first free time of a department, with one place left in it."""
    departments = (await api.get("/departments"))["items"]
    for number, department in enumerate(departments[:8], start=1):
        slot = (await people.free_slots(api, department=department["id"]))[0]
        if slot["free"] - 1 <= len(fillers):
            for filler in fillers[: slot["free"] - 1]:
                await api.post("/appointments", {"patient_id": filler.id, "slot_id": slot["id"], "channel": "api"})
            newest = (await api.get("/appointments", limit=1))["items"][0]["id"]
            return Place(slot["id"], str(number), newest)
    raise AssertionError("no department has a time")


class Texting:
    """Patients who have chosen the last place by text and only need to say yes."""

    def __init__(self, hospital: Hospital, patients: list[Anyone]) -> None:
        self.hospital, self.numbers = hospital, [one.phone for one in patients]
        self.seen: dict[str, int] = {}

    async def say(self, text: str) -> dict[str, str]:
        """All at once; the answer each of them gets."""
        for number in self.numbers:
            self.seen[number] = len(await self.hospital.phones.inbox(number))
        await asyncio.gather(*(self.hospital.phones.send(number, text) for number in self.numbers))
        return dict(zip(self.numbers, await asyncio.gather(*map(self._answer, self.numbers)), strict=True))

    async def _answer(self, number: str) -> str:
        async def come() -> list[str]:
            return [one.text for one in await self.hospital.phones.inbox(number)][self.seen[number] :]

        return str((await eventually(come, within_s=90, every_s=0.3, what="an answer by text"))[0])


@asynccontextmanager
async def at_the_question(hospital: Hospital, patients: list[Anyone], place: Place) -> AsyncIterator[list[Line]]:
    """Callers who have heard the last place read back and are asked whether they want it."""
    async with AsyncExitStack() as stack:
        telephones = [await stack.enter_async_context(phone(hospital.sip, one.phone)) for one in patients]
        lines = await asyncio.gather(*(telephone.call("4000") for telephone in telephones))
        await asyncio.gather(*(_hears(line, GREETING_FRAMES) for line in lines))
        for key in ("1", place.key, "1"):
            await asyncio.gather(*(line.press(key) for line in lines))
            await asyncio.gather(*(_hears(line, QUESTION_FRAMES) for line in lines))
        yield lines


async def _hears(line: Line, frames: int) -> None:
    before = line.ear.loud
    await eventually(lambda: line.ear.loud >= before + frames, what="the hospital's voice")


async def test_of_two_hundred_who_want_the_last_place_one_gets_it_and_the_others_are_told(hospital: Hospital) -> None:
    api = hospital.api
    free = await people.free_patients(api)
    place = await last_place(api, free[:4])
    callers, texters = free[4 : 4 + BY_PHONE], free[4 + BY_PHONE : 4 + BY_PHONE + BY_SMS]
    taken = {one.id for one in free[: 4 + BY_PHONE + BY_SMS]}
    there = {one["patient_id"] for one in await people.open_appointments(api) if one["slot_id"] == place.slot_id}
    everybody = [one["id"] for one in await api.items("/patients", limit=200)]
    others = [one for one in everybody if one not in taken | there][:BY_API]
    assert (len(callers), len(texters), len(others)) == (BY_PHONE, BY_SMS, BY_API)

    texting = Texting(hospital, texters)
    for text in ("预约", place.key, "1"):
        asked = await texting.say(text)
    assert all("回复1确认预约" in text for text in asked.values())
    async with at_the_question(hospital, callers, place) as lines:
        by_api, by_sms, _ = await asyncio.gather(
            _book_all(api, others, place), texting.say("1"), asyncio.gather(*(line.press("1") for line in lines))
        )
        told = await _told_on_the_telephone(hospital, callers, lines, place)

    wanted = [*others, *(one.id for one in (*callers, *texters))]
    booked = await hospital.ask_database(
        "SELECT patient_id, channel FROM appointment WHERE slot_id = $1 AND status = 'booked' AND id > $2",
        place.slot_id,
        place.last_id,
    )
    assert len(wanted) == len(set(wanted)) == 200
    assert len(booked) == 1, booked
    winners = {
        "api": sum(answer.status == 201 for answer in by_api),
        "sms": sum(BOOKED in text for text in by_sms.values()),
        "ivr": sum(outcome == "booked" for outcome in told.values()),
    }
    assert winners == {channel: int(channel == booked[0]["channel"]) for channel in winners}
    assert all(answer.json["code"] == "slot_full" for answer in by_api if answer.status != 201)
    assert {answer.status for answer in by_api} <= {201, 409}
    assert all(TAKEN in text for text in by_sms.values() if BOOKED not in text), by_sms
    assert set(told.values()) <= {"booked", "told"}, told


async def _book_all(api: Api, patients: list[int], place: Place) -> list[Answer]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=TIMEOUT, connector=connector) as session:
        orders = [{"patient_id": one, "slot_id": place.slot_id, "channel": "api"} for one in patients]
        return list(
            await asyncio.gather(*(api.ask_in(session, "POST", "/appointments", body=order) for order in orders))
        )


async def _told_on_the_telephone(
    hospital: Hospital, callers: list[Anyone], lines: list[Line], place: Place
) -> dict[str, str]:
    """Booked, or told that it is taken: they hear other times, still in the menu, with nothing booked."""
    await asyncio.gather(*(_hears(line, QUESTION_FRAMES) for line in lines))
    return {caller.phone: await _outcome(hospital, caller, place) for caller in callers}


async def _outcome(hospital: Hospital, caller: Anyone, place: Place) -> str:
    rows = await hospital.ask_database(
        "SELECT slot_id FROM appointment WHERE patient_id = $1 AND status = 'booked'", caller.id
    )
    if rows:
        return "booked" if [row["slot_id"] for row in rows] == [place.slot_id] else "booked elsewhere"
    call = await hospital.api.call_of(caller.phone)
    return "told" if call.get("state") == "ivr" else str(call.get("state"))
