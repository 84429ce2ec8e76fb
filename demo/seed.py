"""`python -m demo.seed`: fill an empty database with the demo hospital, keep its schedules two weeks ahead.

The database is HCRM_DATABASE_URL, an API token goes to HCRM_HOME/api-token.txt. Safe to start again and again: a
hospital that has patients gets none, only new schedules.
"""

import asyncio
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from crm_core.consent import store as consent
from crm_core.consent.model import QuietHours, every_day
from crm_core.directory import store as directory
from crm_core.directory.model import Practitioner
from crm_core.kernel.actor import Actor, ActorKind, Role
from crm_core.kernel.db import Connection, Database, Tx, open_database
from crm_core.kernel.ids import PatientId, SlotId
from crm_core.patients import service as patients
from crm_core.scheduling import service as scheduling
from crm_core.users import tokens
from demo.fortnight.calls import TO_SPEAK, keep
from demo.fortnight.cast import staff
from demo.fortnight.diary import Diary
from demo.fortnight.telling import tell
from demo.seed_data import history, people
from demo.seed_data.addresses import address
from demo.seed_data.answers import ANSWERS
from demo.seed_data.history import Doing
from demo.seed_data.hospital import DEPARTMENTS, RANKS
from demo.seed_data.sessions import Session, sessions
from sms import canned_store
from sms.letterhead import Letterhead

DEMO = Actor(ActorKind.SYSTEM, "demo")
SEED = 4000
DAYS_AHEAD = 14
DAYS_BACK = (2, 3, 6, 9, 14, 20, 27)
AT_ANY_HOUR = QuietHours(care=every_day("00:00-24:00"))  # whoever tries the demo at night wants to be called
FILLED_WITHIN_S = 600.0
LOCK = 4_000_001  # so that two starts at once do not fill it twice
REGISTERED = timedelta(days=40)  # ago; long before anybody phoned


@dataclass(frozen=True, slots=True)
class Telling:
    """Two weeks of calls, texts and work are wanted: who signs the texts, and where the words of calls are kept."""

    letterhead: Letterhead
    to_speak: Path


async def seed(db: Database, *, zone: ZoneInfo, number: int = SEED, telling: Telling | None = None) -> bool:
    """Everything or nothing, in one transaction. False when there are patients or departments already.

    Without `telling` there are people and appointments, but nobody has phoned or written.
    """
    async with db.transaction(DEMO) as tx:
        await _alone(tx)
        if await _is_in_use(tx.conn):
            return False
        diary = Diary(number, tx.now, zone)
        cast = await staff(tx.conn)
        doing = Doing(tx, Random(number), diary, cast)
        await consent.put_hours(tx.conn, AT_ANY_HOUR, changed_by=tx.actor.name, now=tx.now)
        await _fill_directory(tx)
        before = replace(tx, now=tx.now - REGISTERED)
        known = [(await patients.register_in(before, new)).id for new in people.patients(doing.rng, diary.today)]
        await _give_addresses(tx.conn)
        await _fill_past(doing, known)
        await _fill_future(doing, known)
        for answer in ANSWERS:
            await canned_store.insert(tx.conn, answer, by=tx.actor.name, now=tx.now)
        if telling and cast:
            keep(telling.to_speak, await tell(tx, cast, doing, telling.letterhead))
    return True


async def _is_in_use(conn: Connection) -> bool:
    return bool(await conn.fetchval("SELECT EXISTS (SELECT FROM patient) OR EXISTS (SELECT FROM department)"))


async def _fill_directory(tx: Tx) -> None:
    for position, department in enumerate(DEPARTMENTS, 1):
        department_id = await directory.put_department(
            tx.conn,
            code=department.code,
            name=department.name,
            name_en=department.name_en,
            keywords=department.keywords,
            position=position,
        )
        for one in department.staff:
            rank = RANKS[one.rank]
            await directory.put_practitioner(
                tx.conn, department_id, name=one.name, name_en=one.name_en, title=rank.title, title_en=rank.title_en
            )


async def _give_addresses(conn: Connection) -> None:
    """Who was registered without one gets one; some are written down badly."""
    rows = await conn.fetch("SELECT id, region FROM patient WHERE street = '' ORDER BY id")
    await conn.executemany(
        "UPDATE patient SET province = $2, city = $3, district = $4, street = $5, postcode = $6 WHERE id = $1",
        [(row["id"], *address(row["id"], row["region"])) for row in rows],
    )


async def _alone(tx: Tx) -> None:
    """Whoever else fills it comes first, however slow the machine: longer than a statement may take in the service."""
    await tx.conn.execute("SET LOCAL statement_timeout = 0")
    await tx.conn.execute("SELECT pg_advisory_xact_lock($1)", LOCK, timeout=FILLED_WITHIN_S)


async def _fill_past(doing: Doing, known: list[PatientId]) -> None:
    """The sessions of each day as if they were entered before anybody booked into them."""
    for days in sorted(DAYS_BACK, reverse=True):
        day = doing.diary.today - timedelta(days=days)
        then = replace(doing.tx, now=datetime.combine(day - timedelta(days=7), time(10), doing.diary.zone))
        await history.add_past(doing, known, await _open(then, [day], doing.diary.zone), day)


async def _fill_future(doing: Doing, known: list[PatientId]) -> None:
    slot_ids = await _open(doing.tx, _days(doing.diary.today, DAYS_AHEAD), doing.diary.zone)
    await history.add_future(doing, known, slot_ids)


async def ensure_schedules(db: Database, *, zone: tzinfo, days: int = DAYS_AHEAD) -> int:
    """Sessions from today for so many days, for the demo's practitioners. Returns how many slots are new."""
    async with db.transaction(DEMO) as tx:
        await _alone(tx)
        return len(await _open(tx, _days(tx.now.astimezone(zone).date(), days), zone))


def _days(today: date, count: int) -> list[date]:
    return [today + timedelta(days=ahead) for ahead in range(count + 1)]


async def _open(tx: Tx, days: Iterable[date], zone: tzinfo) -> list[SlotId]:
    """New slots only, in the order of time."""
    wanted = sessions(await _our_practitioners(tx.conn), days, zone)
    rows = await tx.conn.fetch(
        "SELECT practitioner_id, starts_at FROM schedule WHERE starts_at >= $1",
        min((one.starts_at for one in wanted), default=tx.now),
    )
    there = {(row["practitioner_id"], row["starts_at"]) for row in rows}
    slots = [await _open_one(tx, one) for one in wanted if (one.practitioner_id, one.starts_at) not in there]
    return [slot_id for some in slots for slot_id in some]


async def _our_practitioners(conn: Connection) -> list[Practitioner]:
    """Whoever else was added to the hospital is not sent to work by the demo."""
    codes = {one.id: one.code for one in await directory.departments(conn)}
    ours = {(department.code, one.name) for department in DEPARTMENTS for one in department.staff}
    return [one for one in await directory.practitioners(conn) if (codes[one.department_id], one.name) in ours]


async def _open_one(tx: Tx, one: Session) -> list[SlotId]:
    rank = one.rank
    return await scheduling.open_schedule(
        tx,
        one.practitioner_id,
        one.starts_at,
        one.ends_at,
        rank.slot_minutes,
        rank.capacity,
        kind=rank.kind,
        fee=rank.fee,
    )


async def ensure_token(db: Database, path: Path) -> None:
    """A token with the role `api` for scripts, readable by its owner only. One that still opens the door is kept."""
    kept = _kept(path)
    if kept:
        async with db.transaction(DEMO) as tx:
            if await tokens.actor_of(tx.conn, kept, tx.now):
                return
    _keep(path, await tokens.create(db, DEMO, "demo scripts", Role.API))


def _kept(path: Path) -> str:
    with suppress(FileNotFoundError):
        return path.read_text("utf-8").strip()
    return ""


def _keep(path: Path, token: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{token}\n")


async def run(url: str, home: Path, zone: ZoneInfo, telling: Telling | None) -> None:
    """What a start of the demo needs."""
    async with open_database(url, zone=zone, max_size=1) as db:
        if not await seed(db, zone=zone, telling=telling):
            await ensure_schedules(db, zone=zone)
        await ensure_token(db, home / "api-token.txt")


def main() -> None:
    """Entry point."""
    missing = [name for name in ("HCRM_DATABASE_URL", "HCRM_HOME") if not os.environ.get(name)]
    if missing:
        sys.exit(f"set {' and '.join(missing)}; or start everything with `hcrm demo`")
    zone = ZoneInfo(os.environ.get("HCRM_TIMEZONE") or "Asia/Shanghai")
    home = Path(os.environ["HCRM_HOME"])
    asyncio.run(run(os.environ["HCRM_DATABASE_URL"], home, zone, _telling(home, zone)))


def _telling(home: Path, zone: ZoneInfo) -> Telling | None:
    """As `hcrm demo` asked for it."""
    if os.environ.get("HCRM_DEMO_HISTORY") != "yes":
        return None
    name, name_en = (os.environ.get(name, "") for name in ("HCRM_HOSPITAL_NAME", "HCRM_HOSPITAL_NAME_EN"))
    return Telling(Letterhead(name, name_en, zone), home / TO_SPEAK)


if __name__ == "__main__":
    main()
