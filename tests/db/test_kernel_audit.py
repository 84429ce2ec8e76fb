"""Who saw what stays written: changes of what was written are seen, and questions are answered quickly."""

import asyncio

import asyncpg
import pytest

from crm_core import migrations
from crm_core.kernel import audit, audit_chain
from crm_core.kernel.actor import SYSTEM, Actor, ActorKind
from crm_core.kernel.db import Connection, Database
from tests.databases import run_as_owner
from tests.eventually import eventually

pytestmark = pytest.mark.db

CHEN = Actor(ActorKind.USER, "chen", address="10.0.0.7", session="session:1f0c")


async def write(db: Database, count: int = 1, actor: Actor = CHEN) -> None:
    async with db.transaction(actor) as tx:
        for number in range(count):
            await audit.record(tx, "read patient", "patient", number)


async def forge(url: str, sql: str) -> None:
    """As the owner who switches the triggers off."""
    await run_as_owner(url, f"SET session_replication_role = replica; {sql}")


async def test_who_asked_from_where_is_written(database: Database) -> None:
    await write(database)
    async with database.connection() as conn:
        (row,) = await audit.page(conn, limit=10)
    assert (row.actor, row.address, row.session, row.subject_id) == ("chen", "10.0.0.7", "session:1f0c", "0")


async def test_what_nobody_touched_is_whole(database: Database) -> None:
    for _ in range(3):
        await write(database, 5)
        assert await audit_chain.seal(database) == 5
    await write(database, 2)
    verdict = await audit_chain.verify(database)
    assert verdict.is_whole
    assert (verdict.seals, verdict.rows, verdict.missing, verdict.unsealed) == (3, 15, 0, 2)
    assert len(verdict.head) == 64


@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE audit SET actor = 'li' WHERE id = 7",
        "UPDATE audit SET at = at - interval '1 day' WHERE id = 7",
        "UPDATE audit SET address = '' WHERE id = 7",
        "DELETE FROM audit WHERE id = 7",
        "UPDATE audit_seal SET sealed_at = now(), hash = sha256('') WHERE n = 2",
    ],
)
async def test_a_change_of_what_was_sealed_is_seen(database: Database, owner_url: str, forgery: str) -> None:
    for _ in range(3):
        await write(database, 5)
        await audit_chain.seal(database)
    await forge(owner_url, forgery)
    verdict = await audit_chain.verify(database)
    assert not verdict.is_whole
    assert (verdict.breaks[0].seal, verdict.breaks[0].first_id, verdict.breaks[0].last_id) == (2, 6, 10)


async def test_a_row_put_in_afterwards_and_a_seal_taken_out_are_seen(database: Database, owner_url: str) -> None:
    await write(database, 4)
    await audit_chain.seal(database)
    await forge(
        owner_url,
        "INSERT INTO audit (id, actor_kind, actor, action, subject, outcome) OVERRIDING SYSTEM VALUE "
        "VALUES (0, 'user', 'li', 'x', 'y', 'done')",
    )
    verdict = await audit_chain.verify(database)
    assert (verdict.is_whole, verdict.strange) == (False, 1)
    await write(database)
    await audit_chain.seal(database)
    await forge(owner_url, "DELETE FROM audit_seal WHERE n = 1")
    assert [one.seal for one in (await audit_chain.verify(database)).breaks] == [2]


async def test_a_row_whose_commit_came_late_is_sealed_then(database: Database) -> None:
    async with database.own_connection() as late:
        transaction = late.transaction()
        await transaction.start()
        await audit.write(late, SYSTEM, "wait", "nothing")
        await write(database, 3)
        assert await audit_chain.seal(database) == 3
        open_verdict = await audit_chain.verify(database)
        assert (open_verdict.is_whole, open_verdict.missing, open_verdict.unsealed) == (True, 0, 0)
        await transaction.commit()
    assert (await audit_chain.verify(database)).unsealed == 1
    assert await audit_chain.seal(database) == 1
    verdict = await audit_chain.verify(database)
    assert (verdict.is_whole, verdict.rows, verdict.unsealed) == (True, 4, 0)


async def test_numbers_of_what_was_rolled_back_are_counted_once_nobody_can_bring_them(
    database: Database, owner_url: str
) -> None:
    async with database.own_connection() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await audit.write(conn, SYSTEM, "give up", "nothing")
        await transaction.rollback()
    await write(database)
    await audit_chain.seal(database)
    assert (await audit_chain.verify(database)).missing == 0
    await forge(owner_url, "UPDATE audit_gap SET seen_at = now() - interval '11 minutes'")

    async def is_counted() -> bool:  # no transaction of this PostgreSQL may be as old as the number
        await audit_chain.seal(database)
        return (await audit_chain.verify(database)).missing == 1

    await eventually(is_counted, within_s=30.0)
    assert (await audit_chain.verify(database)).is_whole


async def test_several_processes_seal_each_row_once(database: Database) -> None:
    async def work() -> None:
        for _ in range(5):
            await write(database, 3)
            await audit_chain.seal(database)

    await asyncio.gather(*(work() for _ in range(6)))
    await audit_chain.seal(database)
    verdict = await audit_chain.verify(database)
    assert (verdict.is_whole, verdict.rows, verdict.unsealed) == (True, 90, 0)


async def test_rows_of_the_release_before_stay_and_are_sealed(empty_database_url: str) -> None:
    await asyncio.to_thread(migrations.upgrade, empty_database_url, to="0005")
    conn = await asyncpg.connect(empty_database_url)
    old = (
        "INSERT INTO audit (actor_kind, actor, action, subject, subject_id, outcome, at) "
        "SELECT 'user', 'chen', 'read patient', 'patient', n, 'done', now() - n * interval '1 day' "
        "FROM generate_series(1, 400) n"
    )
    try:
        await conn.execute(old)
        await asyncio.to_thread(migrations.upgrade, empty_database_url)
        await conn.execute(  # as the release before still writes
            "INSERT INTO audit (actor_kind, actor, action, subject, subject_id, outcome) "
            "VALUES ('user', 'chen', 'read patient', 'patient', '401', 'done')"
        )
        assert await conn.fetchval("SELECT array_agg(id ORDER BY id) FROM audit") == list(range(1, 402))
        while await conn.fetchval("SELECT audit_seal_next(150)"):
            pass
        rows = await conn.fetch("SELECT first_id, last_id, is_whole FROM audit_check_seals(0, 10)")
        assert [tuple(row) for row in rows] == [(1, 150, True), (151, 300, True), (301, 401, True)]
    finally:
        await conn.close()


async def test_each_month_has_its_part_and_a_month_nobody_made_is_caught(database: Database, owner_url: str) -> None:
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT audit_make_months(12)") == 0
        assert await conn.fetchval("SELECT audit_make_months(14)") == 2
    for months, part in ((1, "audit_2"), (60, "audit_rest")):
        await forge(owner_url, LATER.replace("MONTHS", str(months)))
        async with database.connection() as conn:
            name = await conn.fetchval("SELECT tableoid::regclass::text FROM audit ORDER BY id DESC LIMIT 1")
        assert name.startswith(f"audit_parts.{part}")


LATER = """
    INSERT INTO audit (actor_kind, actor, action, subject, outcome, at)
    VALUES ('user', 'chen', 'x', 'y', 'done', date_trunc('month', now()) + interval 'MONTHS months 3 days')
"""
QUESTIONS = [
    ({"actor": "user17"}, "actor"),
    ({"subject": "patient", "subject_id": "4711"}, "subject_id"),
    ({"outcome": "forbidden"}, "outcome"),
    ({"actor": "user17", "before": 40_000}, "actor"),
]


async def fill(url: str) -> None:
    await forge(
        url,
        """
        INSERT INTO audit (at, actor_kind, actor, action, subject, subject_id, outcome)
        SELECT now() + n * interval '10 minutes', 'user', 'user' || n % 500, 'read patient',
               CASE n % 3 WHEN 0 THEN 'patient' ELSE 'route' END, n % 9973,
               CASE n % 1000 WHEN 0 THEN 'forbidden' ELSE 'done' END
        FROM generate_series(1, 50000) n;
        ANALYZE audit
        """,
    )


async def plan_of(conn: Connection, **wanted: object) -> str:
    """What PostgreSQL does for `audit.page`, asked by the same path."""
    lines: list[str] = []
    await conn.execute("LOAD 'auto_explain'")
    await conn.execute("SET auto_explain.log_min_duration = 0; SET auto_explain.log_level = 'NOTICE'")
    conn.add_log_listener(lambda _conn, message: lines.append(str(message)))
    await audit.page(conn, limit=51, **wanted)  # type: ignore[arg-type]
    return "\n".join(line for line in lines if "FROM audit" in line)


@pytest.mark.parametrize(("wanted", "column"), QUESTIONS)
async def test_an_auditors_question_reads_what_it_answers(
    owner_url: str, database: Database, wanted: dict[str, object], column: str
) -> None:
    await fill(owner_url)
    conn = await asyncpg.connect(owner_url)
    try:
        plan = await plan_of(conn, **wanted)
        assert "Seq Scan" not in plan.replace("Seq Scan on audit_rest", "")
        assert f"{column}_" in plan
    finally:
        await conn.close()


async def test_pages_go_through_all_months_without_doubles(database: Database, owner_url: str) -> None:
    await fill(owner_url)
    seen: list[int] = []
    async with database.connection() as conn:
        before = None
        while page := await audit.page(conn, limit=40, before=before, actor="user17"):
            seen += [row.id for row in page]
            before = page[-1].id
        assert page == []
        parts = await conn.fetchval("SELECT count(DISTINCT tableoid) FROM audit WHERE actor = 'user17'")
    assert seen == sorted(set(seen), reverse=True)
    assert (len(seen), parts >= 12) == (100, True)
