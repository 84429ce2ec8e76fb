"""The numbers of a person: those to use, those of earlier stays, and whose they are."""

import asyncio
from datetime import date
from pathlib import Path

import asyncpg
import pytest

from crm_core import migrations
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database
from crm_core.kernel.errors import ConflictError
from crm_core.patients import search_store, service, store
from crm_core.patients.exchange.reading import import_patients
from crm_core.patients.model import NewPatient, Patient

pytestmark = pytest.mark.db

BORN = date(1980, 5, 1)


@pytest.fixture
async def zhang(database: Database) -> Patient:
    new = NewPatient(name="张三", birth_date=BORN, card_no="K1", outpatient_no="M1", inpatient_no="Z1")
    return await service.register(database, SYSTEM, new)


async def names_found(db: Database, text: str) -> list[str]:
    async with db.connection() as conn:
        return [one.name for one in await search_store.search(conn, text, limit=9)]


async def test_another_inpatient_number_is_another_stay_and_the_first_still_names_the_person(
    database: Database, zhang: Patient
) -> None:
    now = await service.change(database, SYSTEM, zhang.id, {"inpatient_no": "Z2"})
    assert (now.inpatient_no, [one.value for one in now.identifiers]) == ("Z2", ["K1", "M1", "Z1", "Z2"])
    assert [one.value for one in now.identifiers if one.period_end] == ["Z1"]
    assert await names_found(database, "z1") == await names_found(database, "Z2") == ["张三"]
    with pytest.raises(ConflictError):
        await service.register(database, SYSTEM, NewPatient(name="李四", inpatient_no="Z1"))
    again = await service.change(database, SYSTEM, zhang.id, {"inpatient_no": "Z1"})
    assert (again.inpatient_no, [one.value for one in again.identifiers if one.period_end]) == ("Z1", ["Z2"])


async def test_a_card_that_was_corrected_is_free_for_whom_it_belongs_to(database: Database, zhang: Patient) -> None:
    now = await service.change(database, SYSTEM, zhang.id, {"card_no": "K2"})
    assert (now.card_no, len(now.identifiers)) == ("K2", 3)
    other = await service.register(database, SYSTEM, NewPatient(name="李四", card_no="K1"))
    assert other.card_no == "K1"
    emptied = await service.change(database, SYSTEM, other.id, {"card_no": None})
    assert (emptied.card_no, emptied.identifiers) == (None, ())


async def test_one_value_may_stand_in_two_systems(database: Database, zhang: Patient) -> None:
    other = await service.register(database, SYSTEM, NewPatient(name="李四", outpatient_no="K1"))
    assert other.outpatient_no == "K1"
    assert await names_found(database, "K1") == ["张三", "李四"]


async def test_a_caller_is_known_by_the_card_to_use_and_the_day_of_birth(database: Database, zhang: Patient) -> None:
    async with database.connection() as conn:
        found = await store.find_by_card(conn, "K1", BORN)
        assert found == zhang
        assert await store.find_by_card(conn, "K1", date(1980, 5, 2)) is None
        await conn.execute("UPDATE patient_identifier SET period_end = '2026-01-01' WHERE value = 'K1'")
        assert await store.find_by_card(conn, "K1", BORN) is None
        assert await store.find_by_card_no(conn, "K1") is not None


async def test_a_file_of_an_earlier_stay_changes_nothing(database: Database, zhang: Patient, tmp_path: Path) -> None:
    path = tmp_path / "stays.csv"
    for number, expected in (("Z2", (0, 1, 0)), ("Z1", (0, 0, 1)), ("Z2", (0, 0, 1))):
        path.write_text(f"姓名,住院号,一卡通号\n张三,{number},K1\n", "utf-8")
        report = await import_patients(database, SYSTEM, path)
        assert (number, (report.new, report.updated, report.unchanged)) == (number, expected)
        assert report.rejected == []
    async with database.connection() as conn:
        now = await store.get(conn, zhang.id)
    assert now is not None
    assert now.inpatient_no == "Z2"


async def test_numbers_of_an_earlier_release_are_kept(empty_database_url: str) -> None:
    await asyncio.to_thread(migrations.upgrade, empty_database_url, to="0033")
    conn = await asyncpg.connect(empty_database_url)
    try:
        await conn.execute(
            """
            INSERT INTO patient (name, search, card_no, inpatient_no, created_by, created_at, updated_at)
            VALUES ('张三', ' 张三', 'K1', 'Z1', 'x', now(), now()), ('李四', ' 李四', NULL, NULL, 'x', now(), now())
            """
        )
        await asyncio.to_thread(migrations.upgrade, empty_database_url)
        rows = await conn.fetch(
            "SELECT p.name, i.system, i.value, i.period_end, p.street, p.education, p.version "
            "FROM patient p LEFT JOIN patient_identifier i ON i.patient_id = p.id ORDER BY p.id, i.id"
        )
    finally:
        await conn.close()
    assert [tuple(row) for row in rows] == [
        ("张三", "card_no", "K1", None, "", "unknown", 1),
        ("张三", "inpatient_no", "Z1", None, "", "unknown", 1),
        ("李四", None, None, None, "", "unknown", 1),
    ]
