"""Parts die while patients are with us. Nobody is left in silence, nothing is lost, nothing happens twice."""

import asyncio
import json
import os
import signal
import socket
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from server import processes
from tests.acceptance import people
from tests.acceptance.hospital import Hospital
from tests.asterisk.phone import Line, phone
from tests.eventually import eventually

pytestmark = pytest.mark.asterisk

FROZEN_S = 30.0
TOLD_WITHIN_S = 60.0  # PostgreSQL hangs until then
ANSWER_S = 60.0
FLOOD = 1000
MENU_FRAMES = 400  # of 20 ms: the announcement is over, the flow speaks
HALF_A_HEADER = b"agi_network: yes\nagi_request: agi://127.0.0.1/hotline\nagi_chan"
GARBAGE = bytes(range(256)) * 4


async def hears_something(line: Line, *, within_s: float = 60.0, loud: int = 25) -> None:
    """At least half a second of sound from now on."""
    before = line.ear.loud
    await eventually(lambda: line.ear.loud >= before + loud, within_s=within_s, what="sound")


async def in_the_menu(hospital: Hospital, caller: str) -> dict[str, Any]:
    """The call, once the flow has it."""

    async def known() -> dict[str, Any]:
        call = await hospital.api.call_of(caller)
        return call if call.get("state") == "ivr" else {}

    call: dict[str, Any] = await eventually(known, every_s=0.2, what="the call in the log")
    return call


async def call_becomes(hospital: Hospital, call_id: str, state: str, *, within_s: float = 60.0) -> dict[str, Any]:
    async def as_wished() -> dict[str, Any]:
        call: dict[str, Any] = await hospital.api.get(f"/calls/{call_id}")
        return call if call["state"] == state else {}

    call: dict[str, Any] = await eventually(as_wished, within_s=within_s, every_s=0.3, what=state)
    return call


async def waits_for_a_person(hospital: Hospital) -> int:
    """How many callers Asterisk itself has in the queue, over AMI."""
    secret = json.loads((hospital.home / "secrets.json").read_text())["ami"]
    reader, writer = await asyncio.open_connection("127.0.0.1", hospital.config.ports.ami)
    try:
        login = f"Action: Login\r\nUsername: hcrm\r\nSecret: {secret}\r\nEvents: off\r\n\r\n"
        writer.write(login.encode() + b"Action: QueueStatus\r\nQueue: operators\r\n\r\n")
        async with asyncio.timeout(60):
            return (await reader.readuntil(b"Event: QueueStatusComplete")).count(b"Event: QueueEntry")
    finally:
        writer.close()


async def count_of_appointments(hospital: Hospital) -> int:
    return int((await hospital.ask_database("SELECT count(*) FROM appointment"))[0][0])


async def await_well(hospital: Hospital) -> None:
    await asyncio.to_thread(hospital.await_well)


async def test_a_caller_whose_server_is_killed_reaches_the_queue_and_nothing_is_lost_or_doubled(
    hospital: Hospital,
) -> None:
    caller = (await people.free_patients(hospital.api))[0].phone
    before = await count_of_appointments(hospital)
    async with phone(hospital.sip, caller) as patient:
        line = await patient.call("4000")
        call = await in_the_menu(hospital, caller)
        await hears_something(line, loud=MENU_FRAMES)
        old = await asyncio.to_thread(hospital.kill, "serve")
        await hears_something(line, loud=100)  # the apology, the music

        async def waits() -> bool:
            return await waits_for_a_person(hospital) >= 1

        await eventually(waits, within_s=TOLD_WITHIN_S, every_s=0.3, what="the queue in Asterisk")
        assert line.is_up
        await await_well(hospital)
        assert hospital.pid("serve") != old
        await call_becomes(hospital, call["id"], "queued")
        await line.hang_up()
    ended = await call_becomes(hospital, call["id"], "ended")
    assert ended["queued_at"]
    assert ended["path"][0] == "recognise"
    rows = await hospital.ask_database(
        "SELECT count(*) FROM call WHERE caller = $1 AND started_at >= $2", caller, _at(call)
    )
    assert rows[0][0] == 1
    assert await count_of_appointments(hospital) == before
    assert not await hospital.ask_database("SELECT 1 FROM call WHERE state <> 'ended'")


def _at(call: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(call["started_at"])


async def test_asterisk_comes_back_by_itself_and_calls_work(hospital: Hospital) -> None:
    caller = (await people.free_patients(hospital.api))[1].phone
    async with phone(hospital.sip, caller) as patient:
        await patient.call("4000")
        lost = await in_the_menu(hospital, caller)
        old = await asyncio.to_thread(hospital.kill, "asterisk")
        for line in patient.lines.values():
            line.over()
    await eventually(lambda: hospital.status().get("ami") != "ok", what="the status shows it")
    await await_well(hospital)
    assert hospital.pid("asterisk") != old
    ended = await call_becomes(hospital, lost["id"], "ended")
    assert ended["end_reason"] == "lost"
    async with phone(hospital.sip, caller) as patient:
        line = await patient.call("4000")
        await hears_something(line)
        await in_the_menu(hospital, caller)


async def test_while_postgresql_hangs_callers_reach_a_person_and_texts_are_answered_once_afterwards(
    hospital: Hospital,
) -> None:
    caller, *texters = [one.phone for one in await people.free_patients(hospital.api)][2:6]
    seen = {number: len(await hospital.phones.inbox(number)) for number in texters}
    began = datetime.now(UTC)
    frozen = _family(hospital, hospital.pid("postgres"))
    loop = asyncio.get_running_loop()
    _signal(frozen, signal.SIGSTOP)
    try:
        until = loop.time() + FROZEN_S
        for number in texters:
            await hospital.phones.send(number, "查询")
        async with phone(hospital.sip, caller) as patient:
            line = await patient.call("4000")
            await hears_something(line, within_s=TOLD_WITHIN_S, loud=400)

            async def waits() -> bool:
                return await waits_for_a_person(hospital) >= 1

            await eventually(waits, within_s=TOLD_WITHIN_S, every_s=0.3, what="the queue in Asterisk")
            status = await asyncio.to_thread(hospital.status)
            assert status["database"] == "away"
            await eventually(lambda: loop.time() > until, within_s=FROZEN_S + 1, every_s=0.2)
            assert line.is_up
    finally:
        _signal(frozen, signal.SIGCONT)
    await await_well(hospital)

    async def all_answered() -> bool:
        return all([len(await hospital.phones.inbox(number)) > seen[number] for number in texters])

    await eventually(all_answered, within_s=ANSWER_S, every_s=0.3, what="answers to the texts")
    rows = await hospital.ask_database(
        "SELECT peer, direction, count(*) AS n FROM sms WHERE peer = ANY($1) AND created_at >= $2 GROUP BY 1, 2",
        texters,
        began,
    )
    assert {(row["peer"], row["direction"]): row["n"] for row in rows} == {
        (number, direction): 1 for number in texters for direction in ("in", "out")
    }

    async def logged() -> bool:
        found = await hospital.ask_database(
            "SELECT state FROM call WHERE caller = $1 AND started_at >= $2", caller, began
        )
        return [row["state"] for row in found] == ["ended"]

    await eventually(logged, every_s=0.3, what="the call in the log")


def _family(hospital: Hospital, pid: int) -> list[int]:
    return [pid, *hospital.children_of(pid)]


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


async def test_postgresql_that_is_killed_comes_back_and_calls_work(hospital: Hospital) -> None:
    before = await count_of_appointments(hospital)
    await asyncio.to_thread(hospital.kill, "postgres")
    await eventually(lambda: hospital.status().get("database", "ok") == "ok", every_s=0.3)
    await await_well(hospital)
    assert await count_of_appointments(hospital) >= before
    caller = (await people.free_patients(hospital.api))[0].phone
    async with phone(hospital.sip, caller) as patient:
        await patient.call("4000")
        await in_the_menu(hospital, caller)


async def test_a_modem_that_is_unplugged_is_noticed_shown_and_used_again(hospital: Hospital) -> None:
    number = (await people.free_patients(hospital.api))[6].phone
    seen = len(await hospital.phones.inbox(number))
    await hospital.phones.fault("unplug")
    try:
        state = await eventually(
            lambda: (now := hospital.status()[hospital.modem]) != "ok" and now, every_s=0.2, what="shown"
        )
        assert "device" in str(state)
        await hospital.phones.send(number, "帮助")  # waits in the network
    finally:
        await hospital.phones.fault("replug")
    await await_well(hospital)

    async def answered() -> bool:
        return len(await hospital.phones.inbox(number)) > seen

    await eventually(answered, within_s=ANSWER_S, every_s=0.3, what="an answer")


async def test_a_text_that_comes_while_the_server_is_dead_is_answered_soon_after(hospital: Hospital) -> None:
    """Twice: the second kill comes while the delivery report of the first answer is not acknowledged yet."""
    number = (await people.free_patients(hospital.api))[7].phone
    for _ in range(2):
        seen = len(await hospital.phones.inbox(number))
        await asyncio.to_thread(hospital.kill, "serve")
        await hospital.phones.send(number, "帮助")
        await await_well(hospital)

        async def answered(seen: int = seen) -> bool:
            return len(await hospital.phones.inbox(number)) > seen

        await eventually(answered, every_s=0.1, what="an answer")
    rows = await hospital.ask_database(
        "SELECT count(*) AS n, count(DISTINCT reply_to_id) AS asked FROM sms WHERE peer = $1 AND direction = 'out'",
        number,
    )
    assert rows[0]["n"] == rows[0]["asked"]


async def test_calls_go_on_while_a_thousand_connections_to_the_fastagi_port_say_nothing_or_nonsense(
    hospital: Hospital,
) -> None:
    caller = (await people.free_patients(hospital.api))[0].phone
    said = (b"", GARBAGE, HALF_A_HEADER)
    sockets = [await _connected(hospital.config.ports.fastagi, said[number % 3]) for number in range(FLOOD)]
    try:
        async with phone(hospital.sip, caller) as patient:
            line = await patient.call("4000")
            await hears_something(line)
            call = await in_the_menu(hospital, caller)
            await line.press("3")  # about the hospital
            await hears_something(line, loud=MENU_FRAMES)
            await line.hang_up()
        ended = await call_becomes(hospital, call["id"], "ended")
        assert "hospital" in ended["path"]
    finally:
        for sock in sockets:
            sock.close()
    assert processes.began(hospital.pid("serve"))
    assert hospital.unwell() == {}


async def _connected(port: int, said: bytes) -> socket.socket:
    sock = socket.socket()
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    if said:
        sock.send(said)
    return sock
