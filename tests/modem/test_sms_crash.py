"""The server dies, PostgreSQL is away, many write at once: nothing is lost, nothing is doubled."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from crm_core.kernel.ids import SmsId
from tests.db.sms_hospital import ZHANG
from tests.eventually import eventually
from tests.modem.cut_cable import cable_to
from tests.modem.gsm_process import ROOT, running_network
from tests.modem.sms_worker import LONG_TIME_S, QUICK, TextingHospital, texting

pytestmark = pytest.mark.modem

RESTARTS = {"hex": b"\r\nRDY\r\n".hex()}
IMPATIENT = replace(QUICK, finish_s=0.2)
AFTER_A_KILL_S = 120.0  # the network waits 15 s for the acknowledgement of what it showed the killed server


@asynccontextmanager
async def server(url: str, device: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker in a process of its own, killed at the end if not before."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.modem.sms_server", url, str(device), cwd=ROOT, env=dict(os.environ)
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def one_value(url: str, query: str) -> object:
    conn = await asyncpg.connect(url)
    try:
        return await conn.fetchval(query)
    finally:
        await conn.close()


async def test_a_server_killed_while_it_sends_sends_nothing_twice(database_url: str, tmp_path: Path) -> None:
    async with running_network(tmp_path, "--air", "1.5") as network:
        async with texting(database_url, tmp_path / "none", network.phones) as planner:
            first, second = await planner.queue("只发一次"), await planner.queue("后面的")
        async with server(database_url, network.link) as process:
            sending = "SELECT count(*) FROM sms WHERE state = 'sending'"
            await eventually(lambda: one_value(database_url, sending), within_s=LONG_TIME_S, what="sending")
            await eventually(network.phones.submitted, within_s=LONG_TIME_S, what="on the air")
            process.kill()
            await process.wait()
        async with texting(database_url, network.link, network.phones) as hospital:
            await hospital.becomes(second, "delivered")
            assert (await hospital.sms(first)).state.value == "unknown"
            assert await hospital.tasks() == ["check_outcome"]
            assert sorted(await hospital.inbox()) == ["只发一次", "后面的"]


async def test_a_server_that_is_stopped_finishes_the_text_in_hand(database_url: str, tmp_path: Path) -> None:
    async with running_network(tmp_path, "--air", "1.5") as network:
        async with texting(database_url, network.link, network.phones) as hospital:
            sms_id = await hospital.queue("正在发")
            await hospital.becomes(sms_id, "sending")
            await eventually(network.phones.submitted, within_s=LONG_TIME_S, what="on the air")
        assert await one_value(database_url, "SELECT state FROM sms") == "sent"


async def test_a_modem_that_restarts_with_a_text_in_hand_does_not_send_it_twice(
    database_url: str, tmp_path: Path
) -> None:
    """Nobody knows whether it left. Later another text's claim fails, which must not bring the first one back."""
    async with (
        running_network(tmp_path, "--air", "1.5") as network,
        texting(database_url, network.link, network.phones, timing=IMPATIENT) as hospital,
    ):
        first = await hospital.queue("只发一次")
        await eventually(network.phones.submitted, within_s=LONG_TIME_S, what="on the air")
        await network.phones.fault("garbage", RESTARTS)
        assert (await hospital.becomes(first, "unknown")).tries == 1
        assert await hospital.tasks() == ["check_outcome"]
        await hospital.reports("ok")
        second = await claim_is_cut(database_url, hospital)
        await hospital.becomes(second, "delivered")
        assert (await hospital.sms(first)).state.value == "unknown"
        assert sorted(await hospital.inbox()) == ["只发一次", "后面的"]


async def claim_is_cut(url: str, hospital: TextingHospital) -> SmsId:
    """A text whose claim lost its connection to PostgreSQL just before the commit."""
    conn = await asyncpg.connect(url)
    try:
        async with conn.transaction():
            await conn.execute("LOCK TABLE sms_segment IN ACCESS EXCLUSIVE MODE")
            queued = await hospital.queue("后面的")
            waits = (
                "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'sms_segment'::regclass "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            pid = await eventually(lambda: conn.fetchval(waits), within_s=LONG_TIME_S, what="a claim that waits")
            await conn.execute("SELECT pg_terminate_backend($1)", pid)
    finally:
        await conn.close()
    return queued


async def test_a_modem_that_restarts_and_still_says_it_was_sent_is_believed(database_url: str, tmp_path: Path) -> None:
    async with (
        running_network(tmp_path, "--air", "1") as network,
        texting(database_url, network.link, network.phones) as hospital,
    ):
        first = await hospital.queue("只发一次")
        await eventually(network.phones.submitted, within_s=LONG_TIME_S, what="on the air")
        await network.phones.fault("garbage", RESTARTS)
        await hospital.becomes(first, "sent", "delivered")
        assert await hospital.arrives() == ["只发一次"]


async def test_a_text_in_hand_when_modem_and_postgresql_go_is_left_to_a_person(
    database_url: str, tmp_path: Path
) -> None:
    """Nothing can be written when the session ends; the next one finds it."""
    async with (
        running_network(tmp_path, "--air", "1.5") as network,
        cable_to(database_url) as (cable, near),
        texting(near, network.link, network.phones, timing=IMPATIENT) as hospital,
    ):
        first = await hospital.queue("只发一次")
        await eventually(network.phones.submitted, within_s=LONG_TIME_S, what="on the air")
        cable.cut()
        await network.phones.fault("garbage", RESTARTS)
        await hospital.queue_is_away()
        await hospital.reports("modem restarted")
        await cable.mend()
        assert (await hospital.becomes(first, "unknown")).tries == 1
        await hospital.becomes(await hospital.queue("后面的"), "delivered")
        assert sorted(await hospital.inbox()) == ["只发一次", "后面的"]


async def test_texts_that_come_while_the_server_is_killed_again_and_again_arrive_once(
    database_url: str, tmp_path: Path
) -> None:
    texts = [f"第{n}条" for n in range(12)]
    async with running_network(tmp_path) as network:
        async with texting(database_url, tmp_path / "none", network.phones):
            pass
        for round_texts in (texts[:4], texts[4:8], texts[8:]):
            async with server(database_url, network.link) as process:
                for text in round_texts:
                    await network.phones.send(ZHANG, text)
                received = "SELECT count(*) FROM sms WHERE direction = 'in'"
                before = texts.index(round_texts[0])
                await eventually(
                    lambda: enough(database_url, received, before + 1),  # noqa: B023
                    within_s=AFTER_A_KILL_S,
                )
                process.kill()
        async with texting(database_url, network.link, network.phones) as hospital:
            await hospital.has_received(*texts, within_s=AFTER_A_KILL_S)


async def enough(url: str, query: str, least: int) -> bool:
    found = await one_value(url, query)
    return isinstance(found, int) and found >= least


async def test_while_postgresql_is_away_no_text_is_lost(database_url: str, tmp_path: Path) -> None:
    async with (
        running_network(tmp_path) as network,
        cable_to(database_url) as (cable, near),
        texting(near, network.link, network.phones, answers=True) as hospital,
    ):
        await hospital.patient()
        await hospital.reports("ok")
        waiting = await hospital.queue("第一条")
        await hospital.becomes(waiting, "delivered")
        cable.cut()
        long_text = "停电的时候发的短信，一个字也不能少。😀" * 20
        await network.phones.send(ZHANG, "帮助")
        await network.phones.send("+8613900000001", long_text)
        await hospital.queue_is_away()
        await cable.mend()
        await hospital.has_received("帮助", long_text)
        assert len(await hospital.arrives(count=2)) == 2
        await hospital.becomes(await hospital.queue("好了"), "delivered")


async def test_thirty_people_text_for_the_last_place_and_one_gets_it(database_url: str, tmp_path: Path) -> None:
    people = [f"+86137{n:08d}" for n in range(30)]
    async with (
        running_network(tmp_path, "--air", "0.01", "--mobile", "0.01", "--delivery", "0.01") as network,
        texting(database_url, network.link, network.phones, answers=True) as hospital,
    ):
        for n, number in enumerate(people):
            await hospital.patient(f"病人{n}", number)
        for count, text in enumerate(("预约 妇科", "1", "1"), start=1):
            await asyncio.gather(*(network.phones.send(number, text) for number in people))
            await asyncio.gather(*(hospital.arrives(number, count=count) for number in people))
        last = [(await hospital.inbox(number))[-1] for number in people]
        assert sum("预约成功" in text for text in last) == 1
        assert len(await hospital.appointments()) == 1
