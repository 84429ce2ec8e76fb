"""A hospital of any size: equal from the same seed, well-formed, and never made of one with real patients."""

from datetime import UTC, datetime

import pytest

from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database
from crm_core.patients import service as patients
from crm_core.patients.model import NewPatient
from demo.fill.work import NotForThisHospitalError, fill

pytestmark = pytest.mark.db

NOW = datetime(2026, 3, 4, 7, tzinfo=UTC)
PATIENTS = 500
ORPHANS = (
    "SELECT count(*) FROM appointment a LEFT JOIN patient p ON p.id = a.patient_id WHERE p.id IS NULL",
    "SELECT count(*) FROM appointment a LEFT JOIN slot s ON s.id = a.slot_id WHERE s.id IS NULL OR a.place > s.capacity",
    "SELECT count(*) FROM call c LEFT JOIN app_user u ON u.id = c.agent_id WHERE c.agent_id IS NOT NULL AND u.id IS NULL",
    "SELECT count(*) FROM call_leg l LEFT JOIN call c ON c.id = l.call_id WHERE c.id IS NULL",
    "SELECT count(*) FROM sms LEFT JOIN patient p ON p.id = sms.patient_id WHERE p.id IS NULL",
    "SELECT count(*) FROM timeline_entry e LEFT JOIN patient p ON p.id = e.patient_id WHERE p.id IS NULL",
)


def silent(*_: object) -> None:
    """Says nothing."""


@pytest.fixture
def owner_url(database_url: str) -> str:
    """Indexes are made anew: that is the owner's to do."""
    return database_url


async def test_a_filled_hospital_has_all_that_grows_with_its_people_and_nothing_points_to_nobody(
    owner_url: str, database: Database
) -> None:
    made = await fill(owner_url, PATIENTS, now=NOW, say=silent)
    assert made["patient"] == PATIENTS
    assert all(made.values())
    async with database.connection() as conn:
        assert [await conn.fetchval(orphans) for orphans in ORPHANS] == [0] * len(ORPHANS)
        assert await conn.fetchval("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == 0
        assert await conn.fetchval("SELECT indexrelid FROM pg_index WHERE indexrelid = 'patient_search'::regclass")
    one = await patients.register(database, SYSTEM, NewPatient(name="张三丰", phones=("13800138000",)))
    assert one.id > PATIENTS


async def test_the_same_seed_gives_the_same_people(owner_url: str, database: Database) -> None:
    await fill(owner_url, PATIENTS, now=NOW, say=silent)
    async with database.connection() as conn:
        seen = await conn.fetchval("SELECT md5(string_agg(name || card_no || birth_date, ',' ORDER BY card_no)) FROM patient")
    assert seen == "a"


async def test_a_hospital_is_filled_once_and_a_real_one_never(owner_url: str, database: Database) -> None:
    await patients.register(database, SYSTEM, NewPatient(name="张三丰", phones=("13800138000",)))
    with pytest.raises(NotForThisHospitalError, match="of its own"):
        await fill(owner_url, PATIENTS, now=NOW, say=silent)
