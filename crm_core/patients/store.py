"""The register in PostgreSQL. Finders fetch ids by an index; `many` loads the records."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import asyncpg

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import Msisdn, PatientId
from crm_core.patients import merged_store, rules
from crm_core.patients.model import Language, NewPatient, Patient, PatientChange, Phone, Sex
from crm_core.patients.pinyin import search_text


async def get(conn: Connection, patient_id: PatientId) -> Patient | None:
    """One patient, None when there is nobody. A record that was merged leads to the one it became part of."""
    found = await many(conn, [patient_id])
    if not found:
        other = await merged_store.survivor(conn, patient_id)
        found = await many(conn, [other]) if other else []
    return found[0] if found else None


async def many(conn: Connection, patient_ids: Sequence[PatientId]) -> list[Patient]:
    """In the order of the ids; unknown ones and merged records are left out."""
    rows = await conn.fetch(
        """
        SELECT p.id, p.version, p.name, p.sex, p.birth_date, p.card_no, p.outpatient_no, p.inpatient_no, p.region,
               p.source, p.department, p.diseases, p.member_level, p.language,
               ARRAY(SELECT msisdn FROM patient_phone WHERE patient_id = p.id ORDER BY position, msisdn) AS phones
        FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position) JOIN patient p USING (id)
        WHERE p.merged_into_id IS NULL ORDER BY wanted.position
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
    found = await get(conn, patient_id)
    return found if found is None or found.id == patient_id else await lock(conn, found.id)


async def phones(conn: Connection, patient_id: PatientId) -> list[Phone]:
    """Numbers in the order of use, with what was typed."""
    rows = await conn.fetch(
        "SELECT msisdn, as_typed FROM patient_phone WHERE patient_id = $1 ORDER BY position, msisdn", patient_id
    )
    return [Phone(Msisdn(row["msisdn"]), row["as_typed"]) for row in rows]


async def find_by_msisdn(conn: Connection, msisdn: Msisdn) -> list[Patient]:
    """Everyone who can be reached at this number, oldest record first; families share phones.

    Nobody when more people have it than any family: who calls from a placeholder is not known by it.
    """
    ids = await ids_of(conn, msisdn, limit=rules.MOST_SHARERS + 1)
    return [] if rules.is_nobodys(len(ids)) else await many(conn, ids)


async def ids_of(conn: Connection, msisdn: Msisdn, *, limit: int, after: PatientId | None = None) -> list[PatientId]:
    """Whoever has this number, however many they are: a page of them."""
    rows = await conn.fetch(
        "SELECT patient_id FROM patient_phone WHERE msisdn = $1 AND patient_id > $2 ORDER BY patient_id LIMIT $3",
        msisdn,
        after or 0,
        limit,
    )
    return [row["patient_id"] for row in rows]


async def ids_of_any(conn: Connection, msisdns: Sequence[Msisdn], *, but: PatientId) -> list[PatientId]:
    """Everybody else who has one of these numbers, which must not be placeholders."""
    rows = await conn.fetch(
        "SELECT DISTINCT patient_id FROM patient_phone WHERE msisdn = ANY ($1::text[]) AND patient_id <> $2 "
        "ORDER BY patient_id",
        msisdns,
        but,
    )
    return [row["patient_id"] for row in rows]


async def sharers(conn: Connection, msisdns: Sequence[Msisdn], *, most: int) -> dict[Msisdn, int]:
    """How many people have each of these numbers; not counted beyond `most`."""
    rows = await conn.fetch(
        """
        SELECT m AS msisdn,
               (SELECT count(*) FROM (SELECT FROM patient_phone WHERE msisdn = m LIMIT $2) AS counted) AS people
        FROM unnest($1::text[]) AS m
        """,
        msisdns,
        most,
    )
    return {Msisdn(row["msisdn"]): row["people"] for row in rows}


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
    return int(await conn.fetchval("SELECT count(*) FROM patient WHERE merged_into_id IS NULL"))


async def page(conn: Connection, *, limit: int, after: PatientId | None = None) -> list[Patient]:
    """Everybody, by id."""
    rows = await conn.fetch(
        "SELECT id FROM patient WHERE id > $1 AND merged_into_id IS NULL ORDER BY id LIMIT $2", after or 0, limit
    )
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
    conn: Connection,
    patient_id: PatientId,
    changes: Mapping[str, tuple[object, object]],
    *,
    version: int,
    actor: str,
    now: datetime,
) -> None:
    """The history: field -> (old, new), and the version that has the new."""
    await conn.executemany(
        "INSERT INTO patient_change (patient_id, version, at, actor, field, old_value, new_value) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [(patient_id, version, now, actor, field, old, new) for field, (old, new) in changes.items()],
    )


async def changes_since(conn: Connection, patient_id: PatientId, version: int) -> list[PatientChange]:
    """What made later versions of the record, oldest first."""
    rows = await conn.fetch(
        """
        SELECT c.field, c.at, coalesce(u.name, c.actor) AS actor, c.old_value, c.new_value
        FROM patient_change c LEFT JOIN app_user u ON u.login = c.actor
        WHERE c.patient_id = $1 AND c.version > $2 ORDER BY c.id
        """,
        patient_id,
        version,
    )
    return [_change(row) for row in rows]


async def history(conn: Connection, patient_id: PatientId, *, limit: int = 200) -> list[PatientChange]:
    """Newest first: who changed which field when, from what to what."""
    rows = await conn.fetch(
        "SELECT field, at, actor, old_value, new_value FROM patient_change WHERE patient_id = $1 "
        "ORDER BY at DESC, id DESC LIMIT $2",
        patient_id,
        limit,
    )
    return [_change(row) for row in rows]


def _change(row: asyncpg.Record) -> PatientChange:
    return PatientChange(
        field_name=row["field"], at=row["at"], actor=row["actor"], old=row["old_value"], new=row["new_value"]
    )
