"""The register in PostgreSQL. Finders fetch ids by an index; `many` loads the records."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import asyncpg

from crm_core.kernel.db import Connection, planned_for_its_values
from crm_core.kernel.ids import Msisdn, PatientId
from crm_core.kernel.msisdn import try_parse_msisdn
from crm_core.patients.model import Language, NewPatient, Patient, PatientChange, Phone, Sex
from crm_core.patients.pinyin import normal, search_text

SHORTEST_TAIL = 3  # digits; fewer would find everybody


async def get(conn: Connection, patient_id: PatientId) -> Patient | None:
    """One patient, None when there is nobody."""
    found = await many(conn, [patient_id])
    return found[0] if found else None


async def many(conn: Connection, patient_ids: Sequence[PatientId]) -> list[Patient]:
    """In the order of the ids; unknown ids are left out."""
    rows = await conn.fetch(
        """
        SELECT p.id, p.version, p.name, p.sex, p.birth_date, p.card_no, p.outpatient_no, p.inpatient_no, p.region,
               p.source, p.department, p.diseases, p.member_level, p.language,
               ARRAY(SELECT msisdn FROM patient_phone WHERE patient_id = p.id ORDER BY position, msisdn) AS phones
        FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position) JOIN patient p USING (id)
        ORDER BY wanted.position
        """,
        patient_ids,
    )
    return [_patient(row) for row in rows]


def _patient(row: asyncpg.Record) -> Patient:
    fields = dict(row)
    return Patient(
        **fields
        | {
            "sex": Sex(fields["sex"]),
            "language": Language(fields["language"]),
            "diseases": tuple(fields["diseases"]),
            "phones": tuple(fields["phones"]),
        }
    )


async def lock(conn: Connection, patient_id: PatientId) -> Patient | None:
    """The same as `get`, and nobody else changes it until the transaction ends."""
    await conn.execute("SELECT 1 FROM patient WHERE id = $1 FOR NO KEY UPDATE", patient_id)
    return await get(conn, patient_id)


async def phones(conn: Connection, patient_id: PatientId) -> list[Phone]:
    """Numbers in the order of use, with what was typed."""
    rows = await conn.fetch(
        "SELECT msisdn, as_typed FROM patient_phone WHERE patient_id = $1 ORDER BY position, msisdn", patient_id
    )
    return [Phone(Msisdn(row["msisdn"]), row["as_typed"]) for row in rows]


async def find_by_msisdn(conn: Connection, msisdn: Msisdn) -> list[Patient]:
    """Everyone who can be reached at this number, oldest record first; families share phones."""
    rows = await conn.fetch("SELECT patient_id FROM patient_phone WHERE msisdn = $1 ORDER BY patient_id", msisdn)
    return await many(conn, [row["patient_id"] for row in rows])


async def find_by_card(conn: Connection, card_no: str, birth_date: date) -> Patient | None:
    """Who holds this card and was born then: both must be right, as a caller proves who they are by both."""
    patient_id = await conn.fetchval(
        "SELECT id FROM patient WHERE card_no = $1 AND birth_date = $2", card_no, birth_date
    )
    return await get(conn, patient_id) if patient_id else None


async def find_by_card_no(conn: Connection, card_no: str) -> Patient | None:
    """Who holds this card. For staff and programs, not for proving who a caller is."""
    patient_id = await conn.fetchval("SELECT id FROM patient WHERE card_no = $1", card_no)
    return await get(conn, patient_id) if patient_id else None


async def search(conn: Connection, text: str, *, limit: int, after: PatientId | None = None) -> list[Patient]:
    """By name, pinyin (any reading, initials), end of a phone number, card, outpatient or inpatient number.

    Ordered by id; `after` is the last id of the page before. An empty text finds nobody.
    """
    query = normal(text)
    if not query:
        return []
    digits = "".join(query.split()).removeprefix("+")
    async with planned_for_its_values(conn):
        if digits.isascii() and digits.isdigit():
            ids = await _ids_by_digits(conn, digits, limit, after)
        else:
            ids = await _ids_by_words(conn, query, limit, after)
    return await many(conn, ids)


async def _ids_by_digits(conn: Connection, digits: str, limit: int, after: PatientId | None) -> list[PatientId]:
    tail = digits[::-1] if len(digits) >= SHORTEST_TAIL else "x"
    rows = await conn.fetch(
        """
        SELECT id FROM (
            SELECT patient_id AS id FROM patient_phone WHERE reverse(msisdn) ~>=~ $1 AND reverse(msisdn) ~<~ $2
            UNION SELECT patient_id FROM patient_phone WHERE msisdn = $3
            UNION SELECT id FROM patient WHERE card_no = $4 OR outpatient_no = $4 OR inpatient_no = $4
        ) AS found
        WHERE id > $5 ORDER BY id LIMIT $6
        """,
        tail,
        tail + ":",  # ':' follows '9'
        try_parse_msisdn(digits) or "",
        digits,
        after or 0,
        limit,
    )
    return [row["id"] for row in rows]


async def _ids_by_words(conn: Connection, query: str, limit: int, after: PatientId | None) -> list[PatientId]:
    patterns = [f"% {_escaped(word)}%" for word in query.split()]
    number = query.replace(" ", "-")
    rows = await conn.fetch(
        """
        SELECT id FROM (
            SELECT id FROM patient WHERE search LIKE $1 AND search LIKE ALL ($2::text[])
            UNION SELECT id FROM patient
            WHERE card_no = ANY ($3::text[]) OR outpatient_no = ANY ($3::text[]) OR inpatient_no = ANY ($3::text[])
        ) AS found
        WHERE id > $4 ORDER BY id LIMIT $5
        """,
        patterns[0],
        patterns[1:],
        [number, number.upper()],
        after or 0,
        limit,
    )
    return [row["id"] for row in rows]


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def find_by_keys(
    conn: Connection,
    *,
    card_no: str | None,
    outpatient_no: str | None,
    inpatient_no: str | None,
    msisdns: Sequence[Msisdn],
) -> list[Patient]:
    """Everybody who has any of these; None matches nobody."""
    rows = await conn.fetch(
        """
        SELECT id FROM patient WHERE card_no = $1
        UNION SELECT id FROM patient WHERE outpatient_no = $2
        UNION SELECT id FROM patient WHERE inpatient_no = $3
        UNION SELECT patient_id FROM patient_phone WHERE msisdn = ANY ($4::text[])
        ORDER BY id
        """,
        card_no,
        outpatient_no,
        inpatient_no,
        msisdns,
    )
    return await many(conn, [row["id"] for row in rows])


async def lock_by_keys(
    conn: Connection,
    *,
    card_no: Sequence[str],
    outpatient_no: Sequence[str],
    inpatient_no: Sequence[str],
    msisdn: Sequence[str],
) -> None:
    """Everybody who has any of these, in the order of their ids: two who lock many do not wait for each other."""
    await conn.execute(
        """
        SELECT 1 FROM patient WHERE id IN (
            SELECT id FROM patient WHERE card_no = ANY ($1::text[])
            UNION SELECT id FROM patient WHERE outpatient_no = ANY ($2::text[])
            UNION SELECT id FROM patient WHERE inpatient_no = ANY ($3::text[])
            UNION SELECT patient_id FROM patient_phone WHERE msisdn = ANY ($4::text[])
        ) ORDER BY id FOR NO KEY UPDATE
        """,
        card_no,
        outpatient_no,
        inpatient_no,
        msisdn,
    )


async def count(conn: Connection) -> int:
    """How many patients there are."""
    return int(await conn.fetchval("SELECT count(*) FROM patient"))


async def page(conn: Connection, *, limit: int, after: PatientId | None = None) -> list[Patient]:
    """Everybody, by id."""
    rows = await conn.fetch("SELECT id FROM patient WHERE id > $1 ORDER BY id LIMIT $2", after or 0, limit)
    return await many(conn, [row["id"] for row in rows])


async def insert(conn: Connection, new: NewPatient, *, created_by: str, now: datetime) -> PatientId:
    """The record without its phones. Raises UniqueViolationError for a number somebody else has."""
    return PatientId(
        await conn.fetchval(
            """
            INSERT INTO patient (name, search, sex, birth_date, card_no, outpatient_no, inpatient_no, region, source,
                                 department, diseases, member_level, language, created_by, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15) RETURNING id
            """,
            *_values(new),
            created_by,
            now,
        )
    )


async def update(conn: Connection, patient_id: PatientId, new: NewPatient, *, now: datetime) -> None:
    """Everything but the phones. Raises UniqueViolationError for a number somebody else has."""
    await conn.execute(
        """
        UPDATE patient SET name = $1, search = $2, sex = $3, birth_date = $4, card_no = $5, outpatient_no = $6,
            inpatient_no = $7, region = $8, source = $9, department = $10, diseases = $11, member_level = $12,
            language = $13, updated_at = $15
        WHERE id = $14
        """,
        *_values(new),
        patient_id,
        now,
    )


def _values(new: NewPatient) -> tuple[object, ...]:
    return (
        new.name,
        search_text(new.name),
        str(new.sex),
        new.birth_date,
        new.card_no,
        new.outpatient_no,
        new.inpatient_no,
        new.region,
        new.source,
        new.department,
        list(new.diseases),
        new.member_level,
        str(new.language),
    )


async def replace_phones(conn: Connection, patient_id: PatientId, phones: Sequence[Phone]) -> None:
    """These and no others, in this order."""
    await conn.execute(
        "DELETE FROM patient_phone WHERE patient_id = $1 AND msisdn <> ALL ($2::text[])",
        patient_id,
        [phone.msisdn for phone in phones],
    )
    await conn.executemany(
        "INSERT INTO patient_phone (patient_id, msisdn, as_typed, position) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (patient_id, msisdn) DO UPDATE SET position = excluded.position, as_typed = excluded.as_typed",
        [(patient_id, phone.msisdn, phone.as_typed, position) for position, phone in enumerate(phones)],
    )


async def add_changes(
    conn: Connection, patient_id: PatientId, changes: Mapping[str, tuple[object, object]], *, actor: str, now: datetime
) -> None:
    """The history: field -> (old, new)."""
    await conn.executemany(
        "INSERT INTO patient_change (patient_id, at, actor, field, old_value, new_value) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        [(patient_id, now, actor, field, old, new) for field, (old, new) in changes.items()],
    )


async def history(conn: Connection, patient_id: PatientId, *, limit: int = 200) -> list[PatientChange]:
    """Newest first: who changed which field when, from what to what."""
    rows = await conn.fetch(
        "SELECT field, at, actor, old_value, new_value FROM patient_change WHERE patient_id = $1 "
        "ORDER BY at DESC, id DESC LIMIT $2",
        patient_id,
        limit,
    )
    return [
        PatientChange(
            field_name=row["field"], at=row["at"], actor=row["actor"], old=row["old_value"], new=row["new_value"]
        )
        for row in rows
    ]
