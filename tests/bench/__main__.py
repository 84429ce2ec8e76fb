"""`python -m tests.bench [--only ivr,pop,sms,pages,files,big]`: a hospital of its own, beside its baselines."""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from rich.console import Console

from server.config import CHECKOUT
from telephony.provision.errors import ProvisionError
from tests.bench import big, files, ivr, machine, pages, pop, report, sms
from tests.bench.hospital import Hospital, running_hospital
from tests.bench.report import Results
from tests.bench.stats import Figure

PIPE_WIDTH = 130

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Measurement:
    """`limit_s`: given up then, so that the whole ends in any case."""

    measure: Callable[[Hospital, Say], Awaitable[list[Figure]]]
    limit_s: float


MEASUREMENTS: Mapping[str, Measurement] = MappingProxyType(
    {
        "sms": Measurement(sms.measure, 140),
        "pop": Measurement(pop.measure, 100),
        "pages": Measurement(pages.measure, 60),
        "files": Measurement(files.measure, 600),
        "ivr": Measurement(ivr.measure, 540),
        "big": Measurement(big.measure, 1200),  # the last: it fills the hospital
    }
)


def parse(arguments: Sequence[str]) -> list[str]:
    """Names of what to measure. Exits with a usage message when one is unknown."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    known = ",".join(MEASUREMENTS)
    parser.add_argument("--only", default=known, help=f"some of {known}; the results are then shown, not written")
    chosen = [name for name in parser.parse_args(arguments).only.split(",") if name]
    if unknown := sorted(set(chosen) - set(MEASUREMENTS)):
        parser.error(f"nothing is called {', '.join(unknown)}")
    return chosen


def why(error: BaseException) -> str:
    """What went wrong at the bottom, not which group of tasks it brought down."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


async def run(chosen: Sequence[str], console: Console) -> Results:
    """Start, measure one after another, stop. What fails does not keep the others from being measured."""
    began = time.monotonic()
    found = machine.machine()
    figures: list[Figure] = []
    failed: dict[str, str] = {}

    def say(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.0f} s[/] {text}")

    say("starting a hospital")
    async with running_hospital() as hospital:
        versions = await machine.versions(hospital)
        for name in chosen:
            try:
                figures += await _measured(MEASUREMENTS[name], hospital, say)
            except Exception as error:  # noqa: BLE001
                failed[name] = why(error)
                say(f"{name} failed: {failed[name]}")
    return Results(
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        seconds=time.monotonic() - began,
        machine=found,
        versions=versions,
        figures=figures,
        failed=failed,
    )


async def _measured(measurement: Measurement, hospital: Hospital, say: Say) -> list[Figure]:
    async with asyncio.timeout(measurement.limit_s):
        return await measurement.measure(hospital, say)


def main() -> int:
    """Exit code: 1 when something was not measured."""
    chosen = parse(sys.argv[1:])
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    try:
        results = asyncio.run(run(chosen, console))
    except ProvisionError as error:
        console.print(f"make bench: {error}\n  {error.mend}")
        return 1
    report.show(results, console)
    if set(chosen) == set(MEASUREMENTS):
        report.write(results, CHECKOUT / "bench")
        console.print("written to bench/results.json and bench/README.md")
    return 1 if results.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
