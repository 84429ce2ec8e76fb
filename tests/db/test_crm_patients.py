"""The register: what is typed is kept, people are found, changes are remembered."""

import asyncio
from datetime import date

import pytest

from crm_core.kernel.actor import SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.cursor import Cursor
from crm_core.kernel.db import Connection, Database
from crm_core.kernel.errors import InvalidInputError, StaleError
from crm_core.kernel.ids import Msisdn, PatientId
from crm_core.patients import history_store, search_store, service, store, timeline
from crm_core.patients.errors import IdentifierTakenError, PatientNotFoundError
from crm_core.patients.model import NewPatient, Patient
from crm_core.patients.timeline_code import TimelineCode
from tests.databases import run_as_owner

pytestmark = pytest.mark.db

CLERK = Actor(ActorKind.USER, "clerk", Role.AGENT)


async def register(db: Database, name: str, *phones: str, **fields: object) -> Patient:
    return await service.register(db, CLERK, NewPatient(name=name, phones=phones, **fields))  # type: ignore[arg-type]


async def names(db: Database, text: str) -> list[str]:
    async with db.connection() as conn:
        return [patient.name for patient in await search_store.search(conn, text, limit=20)]


async def test_a_phone_is_stored_in_e164_and_kept_as_typed(database: Database) -> None:
    patient = await register(database, " 张三丰 ", "138 0013 8000", "+8613800138000", "010-6552 9988")
    async with database.connection() as conn:
        kept = await store.get(conn, patient.id)
        assert kept is not None
        typed = list(kept.numbers)
    assert patient.name == "张三丰"
    assert patient.phones == ("+8613800138000", "+861065529988")
    assert [phone.as_typed for phone in typed] == ["138 0013 8000", "010-6552 9988"]


async def test_a_family_shares_a_phone_and_all_of_them_are_found(database: Database) -> None:
    for name in ("王建国", "李秀英", "王小明"):
        await register(database, name, "13911112222")
    async with database.connection() as conn:
        family = await store.find_by_msisdn(conn, Msisdn("+8613911112222"))
    assert [patient.name for patient in family] == ["王建国", "李秀英", "王小明"]


async def test_a_card_and_a_birth_date_prove_who_is_calling_only_together(database: Database) -> None:
    patient = await register(database, "赵六", card_no="10086001", birth_date=date(1980, 5, 1))
    async with database.connection() as conn:
        assert await store.find_by_card(conn, "10086001", date(1980, 5, 1)) == patient
        assert await store.find_by_card(conn, "10086001", date(1980, 5, 2)) is None


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (
            "张三丰",
            ["张三丰", "张三", "三丰", "丰", "zhangsanfeng", "zhang san feng", "ZhangSan", "zsf", "sanfeng", "zs"],
        ),
        ("曾国藩", ["zeng", "zengguofan", "zgf", "ceng"]),
        ("单雄信", ["shan", "sxx", "dan"]),
        ("仇和", ["qiu", "qh", "chou"]),
        ("解晓东", ["xie", "xxd", "jie"]),
        ("区瑞强", ["ou", "orq", "qu"]),
        ("吕布", ["lv", "lu", "lyu", "LÜ"]),
        ("John Smith", ["john", "smith", "smith john", "ｊｏｈｎ"]),
    ],
)
async def test_a_name_is_found_by_characters_and_every_reading(
    database: Database, name: str, wanted: list[str]
) -> None:
    await register(database, name)
    await register(database, "毛阿敏")
    for text in wanted:
        assert await names(database, text) == [name], text


async def test_signs_of_the_query_language_find_nobody(database: Database) -> None:
    await register(database, "张三丰", "13800138000")
    for text in ("%", "_", "\\", "", "   ", "' OR 1=1", "8_0", "00"):
        assert await names(database, text) == [], text


async def test_a_patient_is_found_by_the_end_of_the_phone_the_whole_number_and_the_card(database: Database) -> None:
    await register(database, "张三丰", "13800138000", card_no="A-10086", outpatient_no="20260001", inpatient_no="777")
    await register(database, "李四", "13800138001")
    for text in ("8000", "13800138000", "+8613800138000", "138 0013 8000", "0086 13800138000", "a-10086", "20260001"):
        assert await names(database, text) == ["张三丰"], text
    assert await names(database, "777") == ["张三丰"]


async def test_a_search_goes_on_where_the_page_before_ended(database: Database) -> None:
    for number in range(5):
        await register(database, f"王{'一二三四五'[number]}")
    async with database.connection() as conn:
        first = await search_store.search(conn, "wang", limit=3)
        rest = await search_store.search(conn, "wang", limit=3, after=first[-1].id)
    assert [p.name for p in (*first, *rest)] == ["王一", "王二", "王三", "王四", "王五"]


async def test_a_change_is_remembered_field_by_field(database: Database) -> None:
    patient = await register(database, "张三丰", "13800138000")
    changed = await service.change(
        database,
        CLERK,
        patient.id,
        {"region": "武当", "phones": ["13800138001", "13800138000"], "diseases": ["高血压"]},
    )
    async with database.connection() as conn:
        history = await history_store.page(conn, patient.id, limit=99)
        audits = await conn.fetch("SELECT action, actor, detail FROM audit ORDER BY id")
    assert changed.phones == ("+8613800138001", "+8613800138000")
    assert {(c.field_name, str(c.old), str(c.new)) for c in history} == {
        ("region", "", "武当"),
        ("diseases", "[]", "['高血压']"),
        ("phones", "['+8613800138000']", "['+8613800138001', '+8613800138000']"),
    }
    assert [row["action"] for row in audits] == ["register patient", "change patient"]
    assert audits[1]["detail"] == {"fields": ["diseases", "phones", "region"]}


async def test_a_new_name_is_found_and_the_old_one_is_not(database: Database) -> None:
    patient = await register(database, "张三丰")
    await service.change(database, CLERK, patient.id, {"name": "曾三丰"})
    assert await names(database, "zsf") == ["曾三丰"]
    assert await names(database, "张") == []


async def test_a_change_that_changes_nothing_leaves_no_trace(database: Database) -> None:
    patient = await register(database, "张三丰", "138 0013 8000", region="北京")
    same = await service.change(database, CLERK, patient.id, {"region": " 北京 ", "phones": ["+86 138 0013 8000"]})
    async with database.connection() as conn:
        assert await history_store.page(conn, patient.id, limit=99) == []
        kept = await store.get(conn, patient.id)
        assert kept is not None
        typed = list(kept.numbers)
    assert same == patient
    assert typed[0].as_typed == "138 0013 8000"


async def test_who_changes_what_they_have_not_seen_is_told(database: Database) -> None:
    seen = await register(database, "张三丰", "13800138000")
    now = await service.change(database, CLERK, seen.id, {"phones": ["13800138001"]}, expected_version=seen.version)
    assert now.version > seen.version
    with pytest.raises(StaleError):
        await service.change(database, CLERK, seen.id, {"region": "武当"}, expected_version=seen.version)
    unchanged = await service.change(database, CLERK, seen.id, {"region": ""}, expected_version=now.version)
    assert unchanged == now
    assert (await service.change(database, CLERK, seen.id, {"region": "武当"})).version > now.version


async def test_of_two_who_change_the_same_version_at_once_one_is_told(database: Database) -> None:
    seen = await register(database, "张三丰")
    changes = [
        service.change(database, CLERK, seen.id, {"region": region}, expected_version=seen.version)
        for region in ("武当", "少林")
    ]
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Patient", "StaleError"]


async def test_what_was_typed_survives_a_change_of_other_phones(database: Database) -> None:
    patient = await register(database, "张三丰", "138 0013 8000")
    await service.change(database, CLERK, patient.id, {"phones": [*patient.phones, "13911112222"]})
    async with database.connection() as conn:
        kept = await store.get(conn, patient.id)
        assert kept is not None
        typed = list(kept.numbers)
    assert [phone.as_typed for phone in typed] == ["138 0013 8000", "13911112222"]


async def test_two_people_cannot_have_one_card(database: Database) -> None:
    await register(database, "张三丰", card_no="1")
    with pytest.raises(IdentifierTakenError) as caught:
        await register(database, "李四", card_no="1")
    assert caught.value.field == "card_no"
    other = await register(database, "王五", outpatient_no="5")
    with pytest.raises(IdentifierTakenError):
        await service.change(database, CLERK, other.id, {"card_no": "1"})


async def test_placeholders_are_no_identifiers(database: Database) -> None:
    for name in ("张三", "李四"):
        patient = await register(database, name, "11111111111", "无", card_no="0", outpatient_no="无", inpatient_no="-")
        assert (patient.phones, patient.card_no, patient.outpatient_no, patient.inpatient_no) == ((), None, None, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"nmae": "x"}, "nmae"),
        ({"name": "  "}, "name"),
        ({"sex": "m"}, "sex"),
        ({"language": "fr"}, "language"),
        ({"phones": "13800138000"}, "phones"),
        ({"phones": ["12"]}, "phones"),
        ({"birth_date": date(1700, 1, 1)}, "birth_date"),
        ({"birth_date": "1980-01-01"}, "birth_date"),
        ({"region": "x" * 201}, "region"),
        ({"card_no": 5}, "card_no"),
        ({"diseases": ["a", 3]}, "diseases"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_field(
    database: Database, changes: dict[str, object], field: str
) -> None:
    patient = await register(database, "张三丰")
    with pytest.raises(InvalidInputError) as caught:
        await service.change(database, CLERK, patient.id, changes)
    assert caught.value.field == field


async def test_looking_at_a_patient_leaves_an_audit_row(database: Database) -> None:
    patient = await register(database, "张三丰")
    assert await service.view(database, CLERK, patient.id) == patient
    async with database.connection() as conn:
        row = await conn.fetchrow("SELECT action, actor, subject, subject_id FROM audit ORDER BY id DESC LIMIT 1")
    assert row is not None
    assert dict(row) == {
        "action": "view patient",
        "actor": "clerk",
        "subject": "patient",
        "subject_id": str(patient.id),
    }
    with pytest.raises(PatientNotFoundError):
        await service.view(database, CLERK, PatientId(10**9))


async def test_english_chosen_once_is_remembered(database: Database) -> None:
    patient = await register(database, "张三丰")
    assert (await service.set_language(database, CLERK, patient.id, "en")).language == "en"


async def test_the_timeline_runs_backwards_and_an_entry_said_twice_is_one(database: Database) -> None:
    patient = await register(database, "张三丰")
    async with database.transaction(SYSTEM) as tx:
        for number in (1, 2, 3, 3):
            await timeline.add(tx, patient.id, tx.now, TimelineCode.SMS_RECEIVED, {"n": number}, f"sms/{number}")
        await timeline.add(tx, patient.id, tx.now, TimelineCode.TO_DO, {}, "tasks/1")
    async with database.connection() as conn:
        first = await timeline.page(conn, patient.id, limit=2)
        rest = await timeline.page(conn, patient.id, limit=5, before=Cursor(first[-1].at, str(first[-1].id)))
        only = await timeline.page(conn, patient.id, limit=5, kind="task")
    assert [entry.ref for entry in (*first, *rest)] == ["tasks/1", "sms/3", "sms/2", "sms/1"]
    assert [entry.ref for entry in only] == ["tasks/1"]
    assert rest[0].args == {"n": 2}


async def test_personal_data_is_not_in_repr(database: Database) -> None:
    patient = await register(database, "张三丰", "13800138000", card_no="K1", diseases=("高血压",))
    assert not any(text in repr(patient) for text in ("张三丰", "138", "K1", "高血压"))


async def _scans(conn: Connection) -> dict[str, int]:
    """How often each index was used, and how often a whole table was read, as PostgreSQL counts."""
    await conn.execute("SELECT pg_stat_force_next_flush()")
    rows = await conn.fetch(
        "SELECT indexrelname AS name, idx_scan AS scans FROM pg_stat_user_indexes "
        "UNION ALL SELECT 'all of ' || relname, seq_scan FROM pg_stat_user_tables"
    )
    return {row["name"]: row["scans"] for row in rows}


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("zhangsan", "patient_search"),
        ("张三", "patient_search"),
        ("zs f", "patient_search"),
        ("8000", "patient_phone_tail"),
        ("13800138000", "patient_phone_people"),
        ("K-1", "patient_identifier_value"),
    ],
)
async def test_a_search_reads_an_index_and_never_the_whole_register(
    database: Database, owner_url: str, text: str, index: str
) -> None:
    async with database.connection() as conn:
        await conn.execute(
            """
            INSERT INTO patient (name, search, created_by, created_at, updated_at)
            SELECT 'n', ' ' || md5(n::text) || ' ' || left(md5((n + 7)::text), 3), 'test', now(), now()
            FROM generate_series(1, 20000) AS n
            """
        )
        await conn.execute(
            "INSERT INTO patient_phone (patient_id, msisdn) SELECT id, '+86138' || lpad(id::text, 8, '0') FROM patient"
        )
        await conn.execute(
            "INSERT INTO patient_identifier (patient_id, system, value) SELECT id, 'card_no', 'C-' || id FROM patient"
        )
        await run_as_owner(owner_url, "VACUUM ANALYZE patient, patient_phone, patient_identifier")
        before = await _scans(conn)
        for _ in range(10):  # PostgreSQL may choose another plan from the sixth time on
            await search_store.search(conn, text, limit=20)
        after = await _scans(conn)
    assert after[index] - before[index] >= 10
    for table in ("all of patient", "all of patient_phone", "all of patient_identifier"):
        assert after[table] == before[table]
