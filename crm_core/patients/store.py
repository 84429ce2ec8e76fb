"""The register in PostgreSQL. Finders fetch ids by an index; `many` loads the records."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import asyncpg

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import Msisdn, PatientId
from crm_core.patients import identifier_store, merged_store, rules
from crm_core.patients.fields import COLUMNS, IDENTIFIERS
from crm_core.patients.model import Identifier, Language, NewPatient, Patient, Phone, Sex
from crm_core.patients.pinyin import search_text

_NAMES = [field.name for field in COLUMNS]  # constants of ours: nothing typed becomes SQL
MANY = f"""
SELECT p.id, p.version, {", ".join(f"p.{name}" for name in _NAMES)},
       (SELECT jsonb_agg(jsonb_build_array(msisdn, as_typed, owner, kind, note) ORDER BY position, msisdn)
        FROM patient_phone WHERE patient_id = p.id) AS numbers,
       (SELECT jsonb_agg(jsonb_build_array(system, value, period_start, period_end) ORDER BY i.id)
        FROM patient_identifier i WHERE patient_id = p.id) AS identifiers
FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position) JOIN patient p USING (id)
WHERE p.merged_into_id IS NULL ORDER BY wanted.position
"""  # noqa: S608
INSERT = f"""
INSERT INTO patient (search, created_by, created_at, updated_at, {", ".join(_NAMES)})
VALUES ($1, $2, $3, $3, {", ".join(f"${n}" for n, _ in enumerate(_NAMES, 4))}) RETURNING id
"""  # noqa: S608
UPDATE = f"""
UPDATE patient SET search = $1, updated_at = $3, {", ".join(f"{name} = ${n}" for n, name in enumerate(_NAMES, 4))}
WHERE id = $2
"""  # noqa: S608


async def get(conn: Connection, patient_id: PatientId) -> Patient | None:
    """One patient, None when there is nobody. A record that was merged leads to the one it became part of."""
    found = await many(conn, [patient_id])
    if not found:
        other = await merged_store.survivor(conn, patient_id)
        found = await many(conn, [other]) if other else []
    return found[0] if found else None


async def many(conn: Connection, patient_ids: Sequence[PatientId]) -> list[Patient]:
    """In the order of the ids; unknown ones and merged records are left out."""
    return [_patient(row) for row in await conn.fetch(MANY, patient_ids)]


def _patient(row: asyncpg.Record) -> Patient:
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    identifiers = tuple(_identifier(*one) for one in fields["identifiers"] or ())
    fields |= {one.system: one.value for one in identifiers if one.period_end is None}
    numbers = tuple(Phone(*one) for one in fields["numbers"] or ())
    fields |= {"identifiers": identifiers, "numbers": numbers, "phones": tuple(one.msisdn for one in numbers)}
    return Patient(**fields | {"sex": Sex(fields["sex"]), "language": Language(fields["language"])})


def _identifier(system: str, value: str, start: str | None, end: str | None) -> Identifier:
    since, until = (date.fromisoformat(day) if day else None for day in (start, end))
    return Identifier(system, value, since, until)


async def lock(conn: Connection, patient_id: PatientId) -> Patient | None:
    """The same as `get`, and nobody else changes it until the transaction ends."""
    await conn.execute("SELECT 1 FROM patient WHERE id = $1 FOR NO KEY UPDATE", patient_id)
    found = await get(conn, patient_id)
    return found if found is None or found.id == patient_id else await lock(conn, found.id)


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
    patient_id = await identifier_store.holder_born(conn, "card_no", card_no, birth_date)
    return await get(conn, patient_id) if patient_id else None


async def find_by_card_no(conn: Connection, card_no: str) -> Patient | None:
    """Who holds this card. For staff and programs, not for proving who a caller is."""
    patient_id = await identifier_store.holder(conn, "card_no", card_no)
    return await get(conn, patient_id) if patient_id else None


Keys = Sequence[tuple[str, str]]  # a system and a number in it


async def find_by_keys(conn: Connection, identifiers: Keys, msisdns: Sequence[Msisdn]) -> list[Patient]:
    """Everybody who has any of these, or had it."""
    rows = await conn.fetch(
        """
        SELECT patient_id AS id FROM unnest($1::text[], $2::text[]) AS wanted (system, value)
            JOIN patient_identifier USING (system, value)
        UNION SELECT patient_id FROM patient_phone WHERE msisdn = ANY ($3::text[])
        ORDER BY id
        """,
        [system for system, _value in identifiers],
        [value for _system, value in identifiers],
        msisdns,
    )
    return await many(conn, [row["id"] for row in rows])


async def lock_by_keys(conn: Connection, identifiers: Keys, msisdns: Sequence[Msisdn]) -> None:
    """Everybody who has any of these, in the order of their ids: two who lock many do not wait for each other."""
    await conn.execute(
        """
        SELECT 1 FROM patient WHERE id IN (
            SELECT patient_id FROM unnest($1::text[], $2::text[]) AS wanted (system, value)
                JOIN patient_identifier USING (system, value)
            UNION SELECT patient_id FROM patient_phone WHERE msisdn = ANY ($3::text[])
        ) ORDER BY id FOR NO KEY UPDATE
        """,
        [system for system, _value in identifiers],
        [value for _system, value in identifiers],
        msisdns,
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
    """The record without its phones. Raises IdentifierTakenError."""
    patient_id = PatientId(await conn.fetchval(INSERT, search_text(new.name), created_by, now, *_values(new)))
    numbers = {name: value for name in IDENTIFIERS if (value := getattr(new, name)) is not None}
    await identifier_store.add(conn, patient_id, numbers)
    return patient_id


async def update(conn: Connection, patient_id: PatientId, new: NewPatient, *, now: datetime) -> None:
    """Everything but phones and identifiers."""
    await conn.execute(UPDATE, search_text(new.name), patient_id, now, *_values(new))


def _values(new: NewPatient) -> list[object]:
    said = (getattr(new, field.name) for field in COLUMNS)
    return [list(value) if isinstance(value, tuple) else value for value in said]


async def replace_phones(conn: Connection, patient_id: PatientId, phones: Sequence[Phone]) -> None:
    """These and no others, in this order."""
    await conn.execute(
        "DELETE FROM patient_phone WHERE patient_id = $1 AND msisdn <> ALL ($2::text[])",
        patient_id,
        [phone.msisdn for phone in phones],
    )
    await conn.executemany(
        """
        INSERT INTO patient_phone (patient_id, msisdn, as_typed, owner, kind, note, position)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (patient_id, msisdn) DO UPDATE SET position = excluded.position, as_typed = excluded.as_typed,
            owner = excluded.owner, kind = excluded.kind, note = excluded.note
        """,
        [(patient_id, p.msisdn, p.as_typed, p.owner, p.kind, p.note, position) for position, p in enumerate(phones)],
    )
