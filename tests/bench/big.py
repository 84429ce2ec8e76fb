"""The pages at a million patients: the hospital is filled by `hcrm demo fill`, then each page is asked for many times.

Last of all measurements: what it leaves behind is no demo hospital any more.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from time import perf_counter

import aiohttp
import asyncpg

from server import postgres
from server.config import CHECKOUT
from tests.bench.hospital import Hospital
from tests.bench.people import logged_in
from tests.bench.stats import Figure, summary

PATIENTS = int(os.environ.get("BENCH_PATIENTS", "1000000"))
ASKED = 300
WARM = 5
SEED = 4000
WORDS = ("王", "王伟", "张秀英", "zhang", "zhangwei", "wangfang", "zxy", "欧阳", "w", "3800", "0007", "900000123")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Page:
    """What is asked for, and the least that PostgreSQL has to do for it."""

    name: str
    login: str
    method: str
    path: Callable[[Random], str]
    form: Callable[[Random], Mapping[str, str]]
    bare: str
    argument: Callable[[Random], object]


def _nothing(_rng: Random) -> Mapping[str, str]:
    return {}


def _at(path: str) -> Callable[[Random], str]:
    return lambda _rng: path


def _patient(rng: Random) -> int:
    return rng.randrange(1, PATIENTS)


def _typed(rng: Random) -> str:
    return rng.choice(WORDS)


PAGES = (
    Page(
        "search as one types",
        "agent2",
        "POST",
        _at("/patients/find"),
        lambda rng: {"q": _typed(rng)},
        "SELECT id, name FROM patient WHERE search LIKE '% ' || $1 || '%' ORDER BY id LIMIT 8",
        _typed,
    ),
    Page(
        "patient page",
        "agent2",
        "GET",
        lambda rng: f"/patients/{_patient(rng)}",
        _nothing,
        "SELECT * FROM timeline_entry WHERE patient_id = $1 ORDER BY at DESC, id DESC LIMIT 31",
        _patient,
    ),
    Page(
        "message list",
        "agent2",
        "GET",
        _at("/sms"),
        _nothing,
        "SELECT * FROM sms_thread WHERE id > $1 ORDER BY last_at DESC, id DESC LIMIT 51",
        lambda _rng: 0,
    ),
    Page(
        "wallboard",
        "supervisor",
        "GET",
        _at("/wallboard/board"),
        _nothing,
        "SELECT count(*) FROM call WHERE started_at >= now() - make_interval(days => $1)",
        lambda _rng: 1,
    ),
    Page(
        "desk",
        "agent2",
        "GET",
        _at("/desk"),
        _nothing,
        "SELECT * FROM call_leg WHERE user_id = $1 ORDER BY connected_at DESC LIMIT 20",
        lambda _rng: 1,
    ),
)


async def measure(hospital: Hospital, say: Say) -> list[Figure]:
    """Fill, then one page after another, each beside its bare statement, asked for by turns."""
    say(f"big: filling a hospital of {PATIENTS:,} patients")
    began = perf_counter()
    await _fill(hospital)
    lasted_s = perf_counter() - began
    say(f"big: filled in {lasted_s:.0f} s; {ASKED} times each of {len(PAGES)} pages")
    conn = await asyncpg.connect(postgres.owner_url(hospital.config, hospital.secrets))
    try:
        return [await _figure(hospital, conn, page) for page in PAGES]
    finally:
        await conn.close()


async def _fill(hospital: Hospital) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "demo", "fill", "--patients", str(PATIENTS), "--json"),
        cwd=CHECKOUT,
        env=dict(hospital.environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _said, failed = await process.communicate()
    if process.returncode:
        raise RuntimeError(failed.decode("utf-8", "replace")[-400:])


async def _figure(hospital: Hospital, conn: asyncpg.Connection, page: Page) -> Figure:
    rng, ours, bare = Random(SEED), list[float](), list[float]()
    async with logged_in(hospital, page.login) as browser:
        for turn in range(WARM + ASKED):
            took_ms = await _ask_ms(browser, page, rng)
            bare_ms = await _bare_ms(conn, page, rng)
            if turn >= WARM:  # templates are read, and statements planned, at the first use
                ours.append(took_ms)
                bare.append(bare_ms)
    return Figure(
        group="Big",
        name=f"{page.name} at {PATIENTS:,}",
        unit="ms",
        ours=summary(ours),
        baselines={"bare SQL": summary(bare)},
        is_more_better=False,
        note="over HTTP, the whole answer read; the baseline is the least statement of it, with its rows fetched",
    )


async def _ask_ms(browser: aiohttp.ClientSession, page: Page, rng: Random) -> float:
    path, form = page.path(rng), page.form(rng)
    began = perf_counter()
    async with browser.request(page.method, path, data=form or None, allow_redirects=False) as answer:
        await answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{page.method} {path} answers {answer.status}")
    return (perf_counter() - began) * 1000


async def _bare_ms(conn: asyncpg.Connection, page: Page, rng: Random) -> float:
    argument = page.argument(rng)
    began = perf_counter()
    await conn.fetch(page.bare, argument)
    return (perf_counter() - began) * 1000
