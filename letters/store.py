"""Addresses, and what was printed, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import PatientId
from crm_core.patients.model import Sex
from letters.model import Addressee, Run, Why, Wish


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a run; `why` when nothing was printed for them."""

    patient_id: PatientId
    why: Why | None


async def addressees(conn: Connection, patient_ids: Sequence[PatientId]) -> dict[PatientId, Addressee]:
    """What envelopes need of each; unknown ids are left out."""
    rows = await conn.fetch(
        "SELECT id AS patient_id, name, sex, province, city, district, street, postcode FROM patient "
        "WHERE id = ANY ($1::bigint[])",
        patient_ids,
    )
    return {row["patient_id"]: Addressee(**dict(row) | {"sex": Sex(row["sex"])}) for row in rows}


async def insert(conn: Connection, wish: Wish, members: Sequence[Member], *, printed_by: str, now: datetime) -> int:
    """A run with everybody in it, in order."""
    left_out = sum(one.why is not None for one in members)
    run_id = int(
        await conn.fetchval(
            "INSERT INTO print_run (at, printed_by, template, frames, printed, left_out) "
            "VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
            now,
            printed_by,
            wish.template,
            wish.frames,
            len(members) - left_out,
            left_out,
        )
    )
    await conn.copy_records_to_table(
        "print_run_member",
        columns=("run_id", "position", "patient_id", "why"),
        records=[(run_id, place, one.patient_id, str(one.why or "")) for place, one in enumerate(members)],
    )
    return run_id


async def get(conn: Connection, run_id: int) -> Run | None:
    """One run, None when there is none."""
    row = await conn.fetchrow(
        """
        SELECT r.id, r.at, coalesce(u.name, r.printed_by) AS printed_by, r.template, r.frames, r.printed, r.left_out
        FROM print_run r LEFT JOIN app_user u ON u.login = r.printed_by WHERE r.id = $1
        """,
        run_id,
    )
    return _run(row) if row else None


async def runs(conn: Connection, *, limit: int, before: int | None = None) -> list[Run]:
    """Newest first; `before` is the last id of the page before."""
    rows = await conn.fetch(
        """
        SELECT r.id, r.at, coalesce(u.name, r.printed_by) AS printed_by, r.template, r.frames, r.printed, r.left_out
        FROM print_run r LEFT JOIN app_user u ON u.login = r.printed_by
        WHERE $1::bigint IS NULL OR r.id < $1 ORDER BY r.id DESC LIMIT $2
        """,
        before,
        limit,
    )
    return [_run(row) for row in rows]


def _run(row: asyncpg.Record) -> Run:
    return Run(**row)


async def members(conn: Connection, run_id: int) -> list[Member]:
    """Everybody in a run, in the order of printing."""
    rows = await conn.fetch("SELECT patient_id, why FROM print_run_member WHERE run_id = $1 ORDER BY position", run_id)
    return [Member(row["patient_id"], Why(row["why"]) if row["why"] else None) for row in rows]
