"""How many callers the voice menu serves, beside the same menu in pure dialplan on the same Asterisk."""

import asyncio
import tempfile
import wave
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path

from telephony.jobs import LEAVE_DESK
from tests.bench import baseline, cpu, probe
from tests.bench.baseline import BASELINE, OURS, SIDES, Side
from tests.bench.hospital import Hospital
from tests.bench.sipp import Crowd, CrowdError, Load
from tests.bench.stats import Figure, percentile, summary

STEADY = Load(rate_per_s=4, seconds=5)
STEADY_ROUNDS = 3
RATES = tuple(range(4, 42, 2))  # calls a second; at more than 52 the demo's 500 RTP ports are all in use
STAGE_S = 15
PROBES, KEYS_EACH = 4, 3
MARGIN_S = 1.2  # after the announcement: keys pressed into it are lost to the dialplan
HOURS_S = 1.5  # less than the last prompt
SLOW_S, SLOW_PERCENT = 0.5, 95  # how much longer than at steady load, and for how many
WRITTEN_S = 10.0  # as they come, not ever later
BACKLOG_WITHIN_S = 60.0
QUIET_AGAIN_S = 15.0  # calls whose caller is gone hear the prompts out

BORNE = (
    f"the highest rate begun at once and kept up for {STAGE_S} s: nobody lost, {SLOW_PERCENT} % delayed by at most "
    f"{SLOW_S} s in all, every recording sealed {WRITTEN_S:.0f} s later"
)

BEHIND = """
    SELECT EXISTS (SELECT FROM call WHERE state <> 'ended') OR EXISTS (SELECT FROM pgqueuer WHERE entrypoint <> $1)
"""

Say = Callable[[str], None]


@dataclass(slots=True)
class Tally:
    """What one side did, over all rounds."""

    cpu_ms: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    lasted_s: list[float] = field(default_factory=list)
    reaction_ms: list[float] = field(default_factory=list)
    per_s: list[float] = field(default_factory=list)
    failed: list[float] = field(default_factory=list)
    written_s: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Bench:
    """One hospital and its callers."""

    hospital: Hospital
    folder: Path
    announcement_s: float
    tallies: dict[str, Tally]
    say: Say

    def crowd(self, side: Side) -> Crowd:
        """Callers of this side."""
        return Crowd(
            self.hospital.program("sipp"),
            self.hospital.config.ports.sip,
            side.source,
            self.folder / side.name,
            self.announcement_s,
            self.announcement_s + HOURS_S,
        )

    async def steady(self, side: Side) -> None:
        """A load both sides bear: processor time per call and reaction to keys."""
        before = cpu.used(self.hospital)
        async with asyncio.TaskGroup() as group:
            crowd = group.create_task(self.crowd(side).run(STEADY))
            probes = [group.create_task(self._probe(side)) for _ in range(PROBES)]
        written_s = await self._backlog_s()
        heard, tally = crowd.result(), self.tallies[side.name]
        used = cpu.used(self.hospital).since(before)
        for part, seconds in (used | {"all": sum(used.values())}).items():
            tally.cpu_ms[part].append(seconds * 1000 / (len(heard.lasted_s) + PROBES))
        tally.failed.append(heard.failed)
        tally.written_s.append(written_s)
        tally.lasted_s += heard.lasted_s
        tally.reaction_ms += [one * 1000 for probe in probes for one in probe.result()]

    async def _probe(self, side: Side) -> list[float]:
        port = self.hospital.config.ports.sip
        return await probe.reactions_s(side, port, announcement_s=self.announcement_s, count=KEYS_EACH)

    async def borne(self, side: Side) -> None:
        """The highest of RATES that this side bears, by halving what is left of them; 0 when it bears none."""
        bears = 0
        left = list(RATES)
        while left:
            rate = left[len(left) // 2]
            if await self._bears(side, rate):
                bears, left = rate, left[len(left) // 2 + 1 :]
            else:
                left = left[: len(left) // 2]
        self.tallies[side.name].per_s.append(bears)

    async def _bears(self, side: Side, rate: int) -> bool:
        try:
            heard = await self.crowd(side).run(Load(rate_per_s=rate, seconds=STAGE_S))
        except CrowdError:
            self.say(f"{side.name}, {rate} calls a second: SIPp itself broke down")
            await asyncio.sleep(QUIET_AGAIN_S)
            return False
        written_s = await self._backlog_s()
        slowest_s = percentile(heard.lasted_s or [inf], SLOW_PERCENT)
        delay_s = slowest_s - min(self.tallies[side.name].lasted_s)
        said = f"{heard.failed} of {STAGE_S * rate} failed, {delay_s:.2f} s delay, written after {written_s:.1f} s"
        self.say(f"{side.name}, {rate} calls a second: {said}")
        return not heard.failed and delay_s <= SLOW_S and written_s <= WRITTEN_S

    async def _backlog_s(self) -> float:
        """Until every call is closed in the call log and its recording is sealed; how long that took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while await self._is_behind():
            if loop.time() - began > BACKLOG_WITHIN_S:
                raise TimeoutError("calls are still open or recordings unsealed a minute after the last call")
            await asyncio.sleep(0.1)
        return loop.time() - began

    async def _is_behind(self) -> bool:
        async with self.hospital.db.connection() as conn:
            return bool(await conn.fetchval(BEHIND, LEAVE_DESK))


async def measure(hospital: Hospital, say: Say) -> list[Figure]:
    """All rounds, the two sides by turns."""
    await baseline.install(hospital)
    try:
        with tempfile.TemporaryDirectory(prefix="hcrm-bench-callers-") as folder:
            bench = Bench(hospital, Path(folder), _announcement_s(hospital) + MARGIN_S, {}, say)
            bench.tallies = {side.name: Tally() for side in SIDES}
            await _rounds(bench)
    finally:
        await baseline.uninstall(hospital)
    return _figures(bench.tallies[OURS.name], bench.tallies[BASELINE.name])


async def _rounds(bench: Bench) -> None:
    for number in range(STEADY_ROUNDS):
        for side in SIDES if number % 2 else reversed(SIDES):
            bench.say(f"IVR, {STEADY.rate_per_s} calls a second, round {number + 1} of {STEADY_ROUNDS}: {side.name}")
            await bench.steady(side)
    for side in SIDES:
        bench.say(f"IVR, the highest rate that {side.name} bears")
        await bench.borne(side)


def _announcement_s(hospital: Hospital) -> float:
    with wave.open(str(hospital.config.places.asterisk / "sounds/zh_CN/hcrm/recorded.wav")) as file:
        return float(file.getnframes() / file.getframerate())


def _figures(ours: Tally, theirs: Tally) -> list[Figure]:
    def figure(name: str, unit: str, get: Callable[[Tally], list[float]], note: str, *, more: bool = False) -> Figure:
        return Figure(
            group="IVR",
            name=name,
            unit=unit,
            ours=summary(get(ours)),
            baselines={BASELINE.name: summary(get(theirs))},
            is_more_better=more,
            note=note,
        )

    rate = f"at {STEADY.rate_per_s} new calls a second"
    return [
        figure("calls completed", "calls/s", lambda one: one.per_s, BORNE, more=True),
        figure("key to next prompt", "ms", lambda one: one.reaction_ms, rate),
        figure("processor time a call", "ms", lambda one: one.cpu_ms["all"], "Asterisk, server and PostgreSQL"),
        figure("of it Asterisk", "ms", lambda one: one.cpu_ms["asterisk"], "dialplan, sound and recording"),
        figure("of it the server", "ms", lambda one: one.cpu_ms["serve"], "flow, call log, sealed recording"),
        figure("of it PostgreSQL", "ms", lambda one: one.cpu_ms["postgres"], ""),
        figure("failed calls", "calls", lambda one: one.failed, f"of {STEADY.calls} a round, {rate}"),
        replace(
            figure("until all is written", "s", lambda one: one.written_s, "recordings wait 3 s for Asterisk to close"),
            baselines={},
        ),
    ]
