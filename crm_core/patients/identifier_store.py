"""The numbers by which a hospital's systems know a person. One of each system is the one to use; others are history."""

from collections.abc import Mapping, Sequence
from datetime import date

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import PatientId
from crm_core.patients.errors import IdentifierTakenError


async def add(conn: Connection, patient_id: PatientId, numbers: Mapping[str, str]) -> None:
    """By system, each the one to use; nobody has one of these systems yet. Raises IdentifierTakenError."""
    if not numbers:
        return
    rows = await conn.fetch(
        "INSERT INTO patient_identifier (patient_id, system, value) SELECT $1, * FROM unnest($2::text[], $3::text[]) "
        "ON CONFLICT (value, system) DO NOTHING RETURNING system",
        patient_id,
        list(numbers),
        list(numbers.values()),
    )
    for system in numbers.keys() - {row["system"] for row in rows}:
        raise IdentifierTakenError(system)


async def put(
    conn: Connection, patient_id: PatientId, system: str, value: str | None, *, ended: date | None = None
) -> None:
    """From now on this number, or none. What was the one to use is history from `ended`; without a day it was wrong.

    Raises IdentifierTakenError.
    """
    await conn.execute(
        """
        WITH wrong AS (
            DELETE FROM patient_identifier
            WHERE patient_id = $1 AND system = $2 AND period_end IS NULL AND $3::date IS NULL
        )
        UPDATE patient_identifier SET period_end = greatest($3, period_start)
        WHERE patient_id = $1 AND system = $2 AND period_end IS NULL AND $3 IS NOT NULL
        """,
        patient_id,
        system,
        ended,
    )
    if value is None:
        return
    row = await conn.fetchval(
        """
        INSERT INTO patient_identifier AS known (patient_id, system, value) VALUES ($1, $2, $3)
        ON CONFLICT (value, system) DO UPDATE SET period_end = NULL WHERE known.patient_id = excluded.patient_id
        RETURNING id
        """,
        patient_id,
        system,
        value,
    )
    if row is None:
        raise IdentifierTakenError(system)


async def holder(conn: Connection, system: str, value: str) -> PatientId | None:
    """Who has this number, or had it."""
    found: PatientId | None = await conn.fetchval(
        "SELECT patient_id FROM patient_identifier WHERE value = $1 AND system = $2", value, system
    )
    return found


async def holder_born(conn: Connection, system: str, value: str, birth_date: date) -> PatientId | None:
    """Who has this number now and was born then: both must be right."""
    found: PatientId | None = await conn.fetchval(
        """
        SELECT p.id FROM patient_identifier i JOIN patient p ON p.id = i.patient_id
        WHERE i.value = $1 AND i.system = $2 AND i.period_end IS NULL AND p.birth_date = $3
        """,
        value,
        system,
        birth_date,
    )
    return found


async def holders(conn: Connection, values: Sequence[str], *, after: PatientId) -> list[PatientId]:
    """Who has or had one of these numbers, of whatever system."""
    rows = await conn.fetch(
        "SELECT DISTINCT patient_id FROM patient_identifier WHERE value = ANY ($1::text[]) AND patient_id > $2 "
        "ORDER BY patient_id",
        values,
        after,
    )
    return [row["patient_id"] for row in rows]
