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
EVERYBODY = (
    "SELECT md5(string_agg(name || value || birth_date, ',' ORDER BY value)) "
    "FROM patient p JOIN patient_identifier i ON i.patient_id = p.id AND system = 'card_no'"
)
ORPHANS = (
    "SELECT count(*) FROM appointment a WHERE NOT EXISTS (SELECT FROM patient p WHERE p.id = a.patient_id)",
    "SELECT count(*) FROM appointment a WHERE NOT EXISTS (SELECT FROM slot WHERE id = a.slot_id AND place <= capacity)",
    "SELECT count(*) FROM call c WHERE agent_id > 0 AND NOT EXISTS (SELECT FROM app_user WHERE id = c.agent_id)",
    "SELECT count(*) FROM call_leg l WHERE NOT EXISTS (SELECT FROM call WHERE id = l.call_id)",
    "SELECT count(*) FROM sms WHERE NOT EXISTS (SELECT FROM patient WHERE id = sms.patient_id)",
    "SELECT count(*) FROM sms WHERE NOT EXISTS (SELECT FROM sms_thread WHERE peer = sms.peer)",
    "SELECT count(*) FROM timeline_entry e WHERE NOT EXISTS (SELECT FROM patient p WHERE p.id = e.patient_id)",
)


def silent(*_: object) -> None:
    """Says nothing."""


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
        seen = await conn.fetchval(EVERYBODY)
    assert seen == "d1d386124a13eaea74be1a4d7651fffa"


async def test_a_hospital_is_filled_once_and_a_real_one_never(owner_url: str, database: Database) -> None:
    await patients.register(database, SYSTEM, NewPatient(name="张三丰", phones=("13800138000",)))
    with pytest.raises(NotForThisHospitalError, match="of its own"):
        await fill(owner_url, PATIENTS, now=NOW, say=silent)
