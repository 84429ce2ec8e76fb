"""How many callers the voice menu serves, beside the same menu in pure dialplan on the same Asterisk."""

import asyncio
import tempfile
import wave
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from telephony.jobs import LEAVE_DESK
from tests.bench import baseline, cpu, probe
from tests.bench.baseline import BASELINE, OURS, SIDES, Side
from tests.bench.hospital import Hospital
from tests.bench.sipp import Crowd, Heard, Load
from tests.bench.stats import Figure, burst_per_s, summary

STEADY = Load(rate_per_s=4, seconds=5)
STEADY_ROUNDS = 3
STAGES = (
    Load(rate_per_s=8, grow_per_s=3, seconds=9),
    Load(rate_per_s=28, grow_per_s=3, seconds=8),  # at more than 52 a second the demo's 500 RTP ports are all in use
)
GROWING_ROUNDS = 2
PROBES, KEYS_EACH = 4, 3
MARGIN_S = 1.2  # after the announcement: keys pressed into it are lost to the dialplan
HOURS_S = 1.5  # less than the last prompt
SLOW_S = 1.0  # more than on an idle machine
WINDOW_S = 3.0
NEWEST, MOST_SLOW = 30, 0.2
BACKLOG_WITHIN_S = 60.0

BURST = "best clean 3 s of a load that grows for 9 s; not what can be kept up, read it with the next line"
LOST = "of all calls of both stages, the second beginning at 28 a second at once"

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
    lost_in_growth: list[float] = field(default_factory=list)  # percent of the calls offered, by round
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
            tally.cpu_ms[part].append(seconds * 1000 / (len(heard.done) + PROBES))
        tally.failed.append(heard.failed)
        tally.written_s.append(written_s)
        tally.lasted_s += [call.lasted_s for call in heard.done]
        tally.reaction_ms += [one * 1000 for probe in probes for one in probe.result()]

    async def _probe(self, side: Side) -> list[float]:
        port = self.hospital.config.ports.sip
        return await probe.reactions_s(side, port, announcement_s=self.announcement_s, count=KEYS_EACH)

    async def growing(self, side: Side) -> None:
        """More and more callers until they wait too long or somebody is turned away. A stage at a time: a call's fate
        is known eight seconds late, and by then a load that grows fast is far above what it was."""
        tally = self.tallies[side.name]
        too_long_s = min(tally.lasted_s) + SLOW_S
        best, lost, offered = 0.0, 0, 0
        for stage in STAGES:
            heard = await self.crowd(side).run(stage, enough=lambda heard: _is_too_much(heard, too_long_s))
            per_s = burst_per_s(heard.done, window_s=WINDOW_S, too_long_s=too_long_s, failed_at_s=heard.failed_at_s)
            best = max(best, per_s)
            lost, offered = lost + heard.failed, offered + heard.failed + len(heard.done)
            self.say(f"{side.name}: {per_s:.1f} calls/s, {len(heard.done)} calls, {heard.failed} failed")
            await self._backlog_s()
            if _is_too_much(heard, too_long_s):
                break
        tally.per_s.append(best)
        tally.lost_in_growth.append(100 * lost / max(offered, 1))

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


def _is_too_much(heard: Heard, too_long_s: float) -> bool:
    newest = sorted(heard.done, key=lambda call: call.ended_s)[-NEWEST:]
    return heard.failed > 0 or sum(call.lasted_s > too_long_s for call in newest) > NEWEST * MOST_SLOW


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
    for number in range(GROWING_ROUNDS):
        for side in SIDES if number % 2 else reversed(SIDES):
            bench.say(f"IVR, growing load, round {number + 1} of {GROWING_ROUNDS}: {side.name}")
            await bench.growing(side)


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
        figure("calls completed in a burst", "calls/s", lambda one: one.per_s, BURST, more=True),
        figure("lost when the burst goes on", "%", lambda one: one.lost_in_growth, LOST),
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
