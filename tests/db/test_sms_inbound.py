"""Parts of messages come in: each is kept once, whole messages are made, nothing is lost."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from crm_core.kernel.db import open_database
from crm_core.kernel.ids import SmsId
from sms import answering, inbound, pdu
from tests.db.sms_hospital import LETTERHEAD, NOON, STRANGER, ZHANG, Clock, Hospital
from tests.sms_deliver import deliver

pytestmark = pytest.mark.db

TEXT = ("预约内科，谢谢！😀𠮷" * 50)[:500]


@pytest.fixture
async def hospital(database_url: str) -> AsyncIterator[Hospital]:
    clock = Clock()
    async with open_database(database_url, clock=clock) as db:
        yield Hospital(db, clock)


async def keep(hospital: Hospital, hex_text: str, modem: str = "sim1") -> SmsId | None:
    read = pdu.decode(hex_text)
    assert isinstance(read, pdu.Deliver)
    return await inbound.keep(hospital.db, modem, hex_text, read)


async def texts(hospital: Hospital) -> list[str]:
    return [sms.text for sms in await hospital.messages("in")]


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_five_hundred_characters_arrive_whole_in_any_order_with_duplicates(
    hospital: Hospital, seed: int, wide: bool
) -> None:
    parts = deliver(TEXT, ZHANG, at=NOON, reference=77, wide=wide)
    parts += deliver(TEXT, ZHANG, at=NOON + timedelta(seconds=3), reference=77, wide=wide)[2:5]
    random.Random(seed).shuffle(parts)
    for part in parts + parts:
        await keep(hospital, part)
        hospital.clock.now += timedelta(seconds=1)
    assert await texts(hospital) == [TEXT]
    assert await hospital.rows("SELECT count(*) FROM sms_inbound_part WHERE sms_id IS NULL") == [(0,)]


async def test_a_part_read_twice_is_one_part(hospital: Hospital) -> None:
    (part,) = deliver("查询", ZHANG, at=NOON)
    assert [await keep(hospital, part) is not None for _ in range(3)] == [True, False, False]


async def test_the_same_word_texted_twice_is_two_messages(hospital: Hospital) -> None:
    for seconds in (0, 5):
        (part,) = deliver("1", ZHANG, at=NOON + timedelta(seconds=seconds))
        await keep(hospital, part)
    assert await texts(hospital) == ["1", "1"]


async def test_parts_of_two_people_with_one_reference_do_not_mix(hospital: Hospital) -> None:
    mine = deliver("甲" * 100, ZHANG, at=NOON, reference=5)
    theirs = deliver("乙" * 100, STRANGER, at=NOON, reference=5)
    for part in (mine[0], theirs[1], theirs[0], mine[1]):
        await keep(hospital, part)
    assert sorted(await texts(hospital)) == ["乙" * 100, "甲" * 100]


async def test_a_reference_used_again_the_next_day_is_another_message(hospital: Hospital) -> None:
    await keep(hospital, deliver("旧" * 100, ZHANG, at=NOON, reference=5)[0])
    hospital.clock.now += timedelta(hours=20)
    for part in deliver("新" * 100, ZHANG, at=NOON + timedelta(hours=20), reference=5):
        await keep(hospital, part)
    assert await texts(hospital) == ["新" * 100]


async def test_a_part_that_never_comes_leaves_a_gap_and_no_silence(hospital: Hospital) -> None:
    parts = deliver("早" * 67 + "中" * 67 + "晚" * 9, ZHANG, at=NOON, reference=5)
    await keep(hospital, parts[0])
    await keep(hospital, parts[2])
    assert await inbound.give_up_waiting(hospital.db) == 0
    hospital.clock.now += timedelta(hours=7)
    assert await inbound.give_up_waiting(hospital.db) == 1
    assert await inbound.give_up_waiting(hospital.db) == 0
    assert await texts(hospital) == ["早" * 67 + "[…]" + "晚" * 9]


async def test_what_nobody_can_read_is_kept_as_it_came(hospital: Hospital) -> None:
    for _ in range(2):
        await inbound.keep_unreadable(hospital.db, "sim1", "07NOT A PDU\0")
    assert await hospital.rows("SELECT peer, pdu FROM sms_inbound_part") == [("unreadable", "07NOT A PDU")]
    ((sms_id, peer, text),) = await hospital.rows("SELECT id, peer, text FROM sms")
    assert (peer, text) == ("unreadable", "")
    assert await hospital.rows("SELECT kind, ref FROM task WHERE status = 'open'") == [("answer_sms", f"sms/{sms_id}")]
    await answering.answer(hospital.db, SmsId(int(str(sms_id))), LETTERHEAD)
    assert await hospital.messages("out") == []


async def test_of_a_text_that_is_cut_off_people_see_who_wrote(hospital: Hospital) -> None:
    patient_id = await hospital.patient()
    (whole,) = deliver("我想预约明天上午的内科", ZHANG, at=NOON, reference=1)
    await inbound.keep_unreadable(hospital.db, "sim1", whole[:-10])
    assert await hospital.rows("SELECT peer, patient_id FROM sms") == [(ZHANG, patient_id)]
    assert await hospital.rows("SELECT msisdn, patient_id FROM task") == [(ZHANG, patient_id)]


@pytest.mark.parametrize(
    "text", ["Hello {world} €5 [ok]", "约", "@", "Ünïcödé ½", "line\nbreak\r\n", "𠮷" * 35, "a" * 160]
)
async def test_every_text_comes_as_it_was_written(hospital: Hospital, text: str) -> None:
    await hospital.receive(text)
    assert await texts(hospital) == [text]
