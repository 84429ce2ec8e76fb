"""Whatever is typed, a search reads a little: of fifty thousand patients here, of a million in a hospital."""

import asyncpg
import pytest

from crm_core.kernel.db import Connection, Database
from crm_core.kernel.ids import Msisdn, PatientId
from crm_core.patients import search_store, store
from crm_core.patients.pinyin import search_text
from tests.databases import run_as_owner

pytestmark = pytest.mark.db

PEOPLE = 50_000
LIMIT = 31
CROWD, ONE = Msisdn("+8613000000000"), Msisdn("+8613800000001")
CARD = "EXISTS (SELECT FROM patient_identifier WHERE patient_id = p.id AND value = {})"
MANY, SOME, FEW = "王伟", "张三丰", "欧阳修"  # every other one; every 500th; the last three


async def fill(conn: Connection, owner_url: str) -> None:
    await conn.execute(
        """
        INSERT INTO patient (name, search, created_by, created_at, updated_at)
        SELECT name, CASE name WHEN '王伟' THEN $2 WHEN '张三丰' THEN $3 WHEN '欧阳修' THEN $4 ELSE $5 END,
               'test', now(), now()
        FROM (SELECT n, CASE WHEN n > $1 - 3 THEN '欧阳修' WHEN n % 500 = 0 THEN '张三丰'
                             WHEN n % 2 = 0 THEN '王伟' ELSE '李娜' END AS name
              FROM generate_series(1, $1::int) AS n) AS who
        ORDER BY n
        """,
        PEOPLE,
        *(search_text(name) for name in (MANY, SOME, FEW, "李娜")),
    )
    await conn.execute(
        """
        INSERT INTO patient_phone (patient_id, msisdn)
        SELECT id, CASE WHEN id % 10 = 0 THEN '+8613000000000' ELSE '+86138' || lpad(id::text, 8, '0') END FROM patient
        """
    )
    await conn.execute(
        "INSERT INTO patient_identifier (patient_id, system, value) SELECT id, 'card_no', 'K-' || id FROM patient"
    )
    await run_as_owner(owner_url, "VACUUM ANALYZE patient, patient_phone, patient_identifier")


async def counters(conn: Connection) -> asyncpg.Record:
    """What PostgreSQL has read so far."""
    await conn.execute("SELECT pg_stat_force_next_flush()")
    row = await conn.fetchrow(
        """
        SELECT t.idx_tup_fetch AS read, t.seq_scan AS whole, p.seq_scan AS whole_phones, i.idx_scan AS trigrams
        FROM pg_stat_user_tables t, pg_stat_user_tables p, pg_stat_user_indexes i
        WHERE t.relname = 'patient' AND p.relname = 'patient_phone' AND i.indexrelname = 'patient_search'
        """
    )
    assert row is not None
    return row


async def test_a_search_reads_a_little_whether_many_some_few_or_none_have_the_name(
    database: Database, owner_url: str
) -> None:
    async with database.connection() as conn:
        await fill(conn, owner_url)
        for text, most, trigrams in (
            ("王", search_store.FIRST_STEPS, 0),
            ("w", search_store.FIRST_STEPS, 0),
            ("wang", search_store.FIRST_STEPS, 0),
            ("wang w", search_store.FIRST_STEPS, 0),
            ("张三", search_store.FIRST_STEPS + search_store.MOST_STEPS, 0),
            ("zsf", search_store.FIRST_STEPS + search_store.MOST_STEPS, 0),
            ("欧阳", search_store.FIRST_STEPS, 1),
            ("ouyang", search_store.FIRST_STEPS, 1),
            ("王 xyz", search_store.FIRST_STEPS, 1),
            ("曹操", search_store.FIRST_STEPS, 1),
        ):
            for _ in range(7):  # PostgreSQL may choose another plan from the sixth time on
                before = await counters(conn)
                found = await search_store.search(conn, text, limit=LIMIT)
                after = await counters(conn)
                assert (text, after["read"] - before["read"] <= most + 3 * LIMIT) == (text, True)
                assert (text, after["trigrams"] - before["trigrams"]) == (text, trigrams)
                assert (after["whole"], after["whole_phones"]) == (before["whole"], before["whole_phones"])
            assert (text, len(found)) == (text, {"欧阳": 3, "ouyang": 3, "王 xyz": 0, "曹操": 0}.get(text, LIMIT))


async def wanted(conn: Connection, where: str, text: str) -> list[int]:
    """Everybody of whom it is true, by reading the whole register."""
    rows = await conn.fetch(f"SELECT id FROM patient p WHERE {where} ORDER BY id", text)  # noqa: S608
    return [row["id"] for row in rows]


async def test_the_last_pages_of_a_name_that_many_have_read_no_more_than_what_is_left(
    database: Database, owner_url: str
) -> None:
    async with database.connection() as conn:
        await fill(conn, owner_url)
        last = await conn.fetchval("SELECT max(id) FROM patient")
        for text in ("王", "zsf"):
            named = await wanted(conn, "search LIKE '% ' || $1 || '%'", text)
            for left in (LIMIT, 1_500, 9_000):
                before = await counters(conn)
                page = await search_store.search(conn, text, limit=LIMIT, after=PatientId(last - left))
                after = await counters(conn)
                assert [one.id for one in page] == [one for one in named if one > last - left][:LIMIT]
                assert (text, after["read"] - before["read"] <= search_store.FIRST_STEPS + left + LIMIT) == (text, True)
                assert (after["trigrams"], after["whole"]) == (before["trigrams"], before["whole"])


async def test_pages_of_a_search_show_everybody_once_and_in_order(database: Database, owner_url: str) -> None:
    phone = "EXISTS (SELECT FROM patient_phone WHERE patient_id = p.id AND msisdn LIKE '%' || $1)"
    async with database.connection() as conn:
        await fill(conn, owner_url)
        for text, where in (
            ("zhang", "search LIKE '% ' || $1 || '%'"),
            ("ouyang", "search LIKE '% ' || $1 || '%'"),
            ("0000", phone),
            ("13000000000", phone),
            ("K-4321", CARD.format("$1")),
            ("k-4321", CARD.format("upper($1)")),
        ):
            seen: list[PatientId] = []
            while page := await search_store.search(conn, text, limit=500, after=seen[-1] if seen else None):
                seen += [patient.id for patient in page]
            assert (text, seen) == (text, await wanted(conn, where, text))


async def test_the_people_of_a_number_are_counted_and_paged_by_an_index(database: Database, owner_url: str) -> None:
    async with database.connection() as conn:
        await fill(conn, owner_url)
        for statement in (
            "SELECT patient_id FROM patient_phone WHERE msisdn = '+8613000000000' AND patient_id > 17 "
            "ORDER BY patient_id LIMIT 21",
            "SELECT count(*) FROM (SELECT FROM patient_phone WHERE msisdn = '+8613000000000' LIMIT 10000) AS counted",
        ):
            plan = "\n".join(row[0] for row in await conn.fetch(f"EXPLAIN {statement}"))
            assert "patient_phone_people" in plan
            assert not any(word in plan for word in ("Sort", "Seq Scan"))
        assert await store.sharers(conn, [CROWD, ONE], most=100) == {CROWD: 100, ONE: 1}
