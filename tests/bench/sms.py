"""How many segments a minute leave through one simulated modem, beside smstools and gammu-smsd on the same simulator.

Each program has a modem and a line of its own, so they run at the same time and none takes the other's turn.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp

from demo.gsm.client import HandsetClient
from tests.bench import gateways
from tests.bench.gateways import Sender
from tests.bench.hospital import Hospital
from tests.bench.stats import Figure, summary

ROUNDS = 2
SHORT, LONG, PARTS = 6, 4, 3  # messages a round, of one segment and of so many
SEGMENTS = SHORT + LONG * PARTS
SHORT_UNITS, PART_UNITS = 70, 67  # UTF-16 units of a full segment, alone and in a long message
TO = "+8613900139000"
TEXT = "您预约的内科张医生门诊在明天上午九点，请提前二十分钟到二楼候诊区签到，并带好身份证和医保卡。"
LOOK_EVERY_S = 0.05
FIRST_WITHIN_S = 20.0
ROUND_WITHIN_S = 45.0

Say = Callable[[str], None]


def texts() -> list[str]:
    """One round."""
    long = (TEXT * 10)[: PART_UNITS * PARTS]
    return [long[:SHORT_UNITS]] * SHORT + [long] * LONG


async def measure(hospital: Hospital, say: Say) -> list[Figure]:
    """All three at the same time, round by round."""
    rates: dict[str, list[float]] = {}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hcrm-bench-sms-")))
        ours = await stack.enter_async_context(_ours(hospital))
        others = [gateways.smstools(hospital, folder / "smstools"), gateways.gammu(hospital, folder / "gammu")]
        senders = [ours, *[await stack.enter_async_context(other) for other in others]]
        allowed = float((await ours.phones.status())["segments_per_min"])
        for number in range(ROUNDS):
            say(f"SMS, round {number + 1} of {ROUNDS}: {SEGMENTS} segments through each of {len(senders)} modems")
            async with asyncio.TaskGroup() as group:
                tasks = {sender.name: group.create_task(_segments_per_min(sender)) for sender in senders}
            for name, task in tasks.items():
                rates.setdefault(name, []).append(task.result())
    return _figures(rates, ours.name, allowed)


def _figures(rates: dict[str, list[float]], ours: str, allowed: float) -> list[Figure]:
    baselines = {name: summary(values) for name, values in rates.items() if name != ours}
    figure = Figure(
        group="SMS",
        name="segments sent",
        unit="segments/min",
        ours=summary(rates[ours]),
        baselines={"the line allows": summary([allowed] * ROUNDS), **baselines},
        is_more_better=True,
        note=f"{SHORT} texts of one full segment and {LONG} of {PARTS}, all with delivery reports",
    )
    return [figure]


@asynccontextmanager
async def _ours(hospital: Hospital) -> AsyncIterator[Sender]:
    """Through the REST API."""
    headers = {"Authorization": f"Bearer {hospital.token}"}
    async with aiohttp.ClientSession(hospital.url, headers=headers, raise_for_status=True) as api:

        async def hand_over(to: str, texts: Sequence[str]) -> None:
            for text in texts:
                async with api.post("/api/v1/sms", json={"to": to, "text": text, "purpose": "care"}):
                    pass

        yield Sender("hcrm", HandsetClient(hospital.config.places.gsm_control), hand_over)


async def _segments_per_min(sender: Sender) -> float:
    """From the first segment the network took to the last. Raises TimeoutError when not even two came."""
    loop = asyncio.get_running_loop()
    before = await sender.accepted()
    await sender.hand_over(TO, texts())
    deadline = loop.time() + FIRST_WITHIN_S
    first_at = last_at = 0.0
    first = newest = before
    while newest - before < SEGMENTS and loop.time() < deadline:
        accepted = await sender.accepted()
        if accepted > newest:
            newest, last_at = accepted, loop.time()
            if not first_at:
                first, first_at = accepted, last_at
                deadline = first_at + ROUND_WITHIN_S
        await asyncio.sleep(LOOK_EVERY_S)
    if newest == first:
        raise TimeoutError(f"{sender.name} does not send")
    return (newest - first) / (last_at - first_at) * 60
