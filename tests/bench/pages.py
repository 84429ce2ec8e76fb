"""The web application: how fast a patient's page comes, and a last place that two hundred want at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from time import perf_counter

import aiohttp
import asyncpg

from server import postgres
from tests.bench.hospital import Hospital
from tests.bench.people import logged_in
from tests.bench.stats import Figure, summary

VIEWS, AT_ONCE = 150, 4
ROUNDS = 3
RIVALS = 200
POOL = 10  # as many connections as the server has
CREATED, CONFLICT = 201, 409
AGENT = "agent2"

Say = Callable[[str], None]


async def measure(hospital: Hospital, say: Say) -> list[Figure]:
    """Pages first, then bookings."""
    say(f"pages: {VIEWS} patient views, {AT_ONCE} at once")
    views, plain = await _views(hospital)
    say(f"bookings: {RIVALS} at once for a last place, {ROUNDS} rounds")
    booked, bare = await _races(hospital)
    view = Figure(
        group="Web",
        name="patient view",
        unit="ms",
        ours=summary(views),
        baselines={"/api/v1/status": summary(plain)},
        is_more_better=False,
        note=f"{AT_ONCE} at once; the baseline asks the database nothing",
    )
    race = Figure(
        group="Web",
        name=f"{RIVALS} bookings of one place",
        unit="s",
        ours=summary(booked),
        baselines={"bare SQL": summary(bare)},
        is_more_better=False,
        note=f"until the last answer: one 201 and {RIVALS - 1} times 409, or the benchmark fails",
    )
    return [view, race]


# pages ---------------------------------------------------------------------------------------------------------------


async def _views(hospital: Hospital) -> tuple[list[float], list[float]]:
    """Milliseconds of each, in turns of `AT_ONCE`."""
    async with hospital.db.connection() as conn:
        ids = [row["id"] for row in await conn.fetch("SELECT id FROM patient ORDER BY id LIMIT $1", VIEWS)]
    async with logged_in(hospital, AGENT) as browser:
        await _get_ms(browser, f"/patients/{ids[0]}")  # templates are read at the first use
        views: list[float] = []
        plain: list[float] = []
        for first in range(0, len(ids), AT_ONCE):
            some = ids[first : first + AT_ONCE]
            views += await asyncio.gather(*(_get_ms(browser, f"/patients/{one}") for one in some))
            plain += await asyncio.gather(*(_get_ms(browser, "/api/v1/status") for _ in some))
        return views, plain


async def _get_ms(browser: aiohttp.ClientSession, path: str) -> float:
    began = perf_counter()
    async with browser.get(path, allow_redirects=False) as answer:
        await answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answers {answer.status}")
    return (perf_counter() - began) * 1000


# bookings ------------------------------------------------------------------------------------------------------------


async def _races(hospital: Hospital) -> tuple[list[float], list[float]]:
    """Seconds from the first request to the last answer, by turns through the API and in bare SQL."""
    async with hospital.db.connection() as conn:
        patients = [row["id"] for row in await conn.fetch("SELECT id FROM patient ORDER BY id LIMIT $1", RIVALS)]
        slots = await conn.fetch(
            """
            SELECT id FROM slot WHERE capacity = 1 AND starts_at > now() + interval '2 days'
            AND NOT EXISTS (SELECT FROM appointment WHERE slot_id = slot.id) ORDER BY starts_at DESC LIMIT $1
            """,
            ROUNDS,
        )
    headers = {"Authorization": f"Bearer {hospital.token}"}
    connector = aiohttp.TCPConnector(limit=RIVALS)
    booked, bare = [], []
    async with aiohttp.ClientSession(hospital.url, headers=headers, connector=connector) as api, _bare(hospital) as sql:
        for slot in slots:
            booked.append(await _race([_book(api, patient, slot["id"]) for patient in patients]))
            bare.append(await _race([_take(sql, patient, slot["id"]) for patient in patients]))
    return booked, bare


async def _race(tries: Sequence[Awaitable[bool]]) -> float:
    """Raises RuntimeError unless exactly one has the place."""
    began = perf_counter()
    winners = sum(await asyncio.gather(*tries))
    lasted_s = perf_counter() - began
    if winners != 1:
        raise RuntimeError(f"{winners} have the last place")
    return lasted_s


async def _book(api: aiohttp.ClientSession, patient: int, slot: int) -> bool:
    order = {"patient_id": patient, "slot_id": slot, "channel": "api"}
    async with api.post("/api/v1/appointments", json=order) as answer:
        if answer.status not in (CREATED, CONFLICT):
            raise RuntimeError(f"a booking answers {answer.status}: {await answer.text()}")
        return answer.status == CREATED


@asynccontextmanager
async def _bare(hospital: Hospital) -> AsyncIterator[asyncpg.Pool]:
    """A table of places that knows nothing but the place and who has it."""
    url = postgres.owner_url(hospital.config, hospital.secrets)
    async with asyncpg.create_pool(url, min_size=POOL, max_size=POOL) as pool:
        await pool.execute("CREATE UNLOGGED TABLE bench_place (slot_id bigint UNIQUE, patient_id bigint)")
        try:
            yield pool
        finally:
            await pool.execute("DROP TABLE bench_place")


async def _take(pool: asyncpg.Pool, patient: int, slot: int) -> bool:
    """The least that is right: lock the slot, look, take."""
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM slot WHERE id = $1 FOR UPDATE", slot)
        if await conn.fetchval("SELECT EXISTS (SELECT FROM bench_place WHERE slot_id = $1)", slot):
            return False
        await conn.execute("INSERT INTO bench_place (slot_id, patient_id) VALUES ($1, $2)", slot, patient)
        return True
