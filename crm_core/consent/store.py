"""What people said about being contacted, and numbers nobody dials, in PostgreSQL. Append-only."""

from datetime import datetime

import asyncpg

from crm_core.consent.model import (
    Address,
    Choice,
    ContactChannel,
    ContactHours,
    DayName,
    Decision,
    GivenBy,
    LeftAlone,
    Purpose,
    QuietHours,
    Said,
    Window,
    Word,
)
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import Msisdn, PatientId

_OF = "address_kind = $1 AND address = $2 AND ($1 <> 'person' OR patient_id = $3)"
_DECISION = "id, address, purpose, channel, decision, at, source, evidence, given_by, text_version"


async def newest(conn: Connection, about: Address, purpose: Purpose, channel: ContactChannel) -> Word | None:
    """The last word about this, None when nothing was ever said."""
    row = await conn.fetchrow(
        f"SELECT decision, given_by FROM consent WHERE {_OF} AND purpose = $4 AND channel = $5 "  # noqa: S608 ours
        "ORDER BY id DESC LIMIT 1",
        *_where(about),
        purpose,
        channel,
    )
    return Word(Choice(row["decision"]), GivenBy(row["given_by"])) if row else None


def _where(about: Address) -> tuple[str, str, PatientId | None]:
    return about.kind, about.value, about.patient_id


async def ever_opted_in(conn: Connection, about: Address, purpose: Purpose, channel: ContactChannel) -> bool:
    """Whether they asked for it at any time."""
    return bool(
        await conn.fetchval(
            f"SELECT EXISTS (SELECT FROM consent WHERE {_OF} "  # noqa: S608 ours
            "AND purpose = $4 AND channel = $5 AND decision = 'opt_in')",
            *_where(about),
            purpose,
            channel,
        )
    )


async def insert(
    conn: Connection,
    about: Address,
    *,
    patient_id: PatientId | None,
    purpose: Purpose,
    channel: ContactChannel,
    choice: Choice,
    said: Said,
    now: datetime,
) -> int:
    """One more word; the ones before stay."""
    return int(
        await conn.fetchval(
            """
            INSERT INTO consent (address_kind, address, patient_id, purpose, channel, decision, at, source, evidence,
                                 given_by, text_version)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id
            """,
            about.kind,
            about.value,
            patient_id,
            purpose,
            channel,
            choice,
            now,
            said.source,
            said.evidence,
            said.given_by,
            said.text_version,
        )
    )


async def lock(conn: Connection, about: Address) -> None:
    """One at a time speaks for this address or person, until the transaction ends."""
    whose = about.value or f"patients/{about.patient_id}"
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('consent'), hashtext($1))", whose)


async def history(conn: Connection, about: Address, *, limit: int = 200) -> list[Decision]:
    """Newest first."""
    rows = await conn.fetch(
        f"SELECT {_DECISION} FROM consent WHERE {_OF} ORDER BY id DESC LIMIT $4",  # noqa: S608 ours
        *_where(about),
        limit,
    )
    return [_decision(row) for row in rows]


async def current(conn: Connection, about: Address) -> list[Decision]:
    """The last word for each purpose and channel about which something was said."""
    rows = await conn.fetch(
        f"SELECT DISTINCT ON (purpose, channel) {_DECISION} FROM consent WHERE {_OF} "  # noqa: S608 ours
        "ORDER BY purpose, channel, id DESC",
        *_where(about),
    )
    return [_decision(row) for row in rows]


def _decision(row: asyncpg.Record) -> Decision:
    return Decision(
        id=row["id"],
        address=row["address"],
        purpose=Purpose(row["purpose"]),
        channel=ContactChannel(row["channel"]),
        choice=Choice(row["decision"]),
        at=row["at"],
        source=row["source"],
        evidence=row["evidence"],
        given_by=GivenBy(row["given_by"]),
        text_version=row["text_version"],
    )


async def is_never_dial(conn: Connection, msisdn: Msisdn) -> bool:
    """A ward, an emergency line, one of our own numbers."""
    return bool(await conn.fetchval("SELECT EXISTS (SELECT FROM never_dial WHERE msisdn = $1)", msisdn))


async def left_alone(conn: Connection, msisdn: Msisdn) -> LeftAlone | None:
    """Why, by whom and since when; None when the number may be dialled."""
    row = await conn.fetchrow("SELECT reason, added_by, added_at FROM never_dial WHERE msisdn = $1", msisdn)
    return LeftAlone(row["reason"], row["added_by"], row["added_at"]) if row else None


async def put_never_dial(conn: Connection, msisdn: Msisdn, *, reason: str, added_by: str, now: datetime) -> None:
    """Safe to repeat; the first reason stays."""
    await conn.execute(
        "INSERT INTO never_dial (msisdn, reason, added_by, added_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        msisdn,
        reason,
        added_by,
        now,
    )


async def delete_never_dial(conn: Connection, msisdn: Msisdn) -> None:
    """It may be dialled again."""
    await conn.execute("DELETE FROM never_dial WHERE msisdn = $1", msisdn)


async def never_dial(conn: Connection) -> dict[Msisdn, str]:
    """All such numbers with the reason."""
    rows = await conn.fetch("SELECT msisdn, reason FROM never_dial ORDER BY msisdn")
    return {Msisdn(row["msisdn"]): row["reason"] for row in rows}


async def hours(conn: Connection) -> QuietHours:
    """The hospital's own windows."""
    weeks: dict[str, dict[DayName, Window]] = {"care": {}, "marketing": {}}
    for row in await conn.fetch("SELECT purpose, day, opens_min, closes_min FROM contact_window"):
        weeks[row["purpose"]][DayName(row["day"])] = Window(row["opens_min"], row["closes_min"])
    return QuietHours(**weeks)


async def contact_hours(conn: Connection, *, for_update: bool = False) -> ContactHours:
    """The same, with who set them last. `for_update`: nobody else does until the transaction ends."""
    if for_update:
        await conn.execute("SELECT 1 FROM contact_hours ORDER BY purpose FOR NO KEY UPDATE")
    row = await conn.fetchrow(
        """
        SELECT max(h.version) AS version, max(h.changed_at) AS changed_at, max(coalesce(u.name, h.changed_by)) AS who
        FROM contact_hours h LEFT JOIN app_user u ON u.login = h.changed_by
        """
    )
    assert row is not None
    return ContactHours(
        hours=await hours(conn), version=row["version"], changed_by=row["who"], changed_at=row["changed_at"]
    )


async def put_hours(conn: Connection, hours: QuietHours, *, changed_by: str, now: datetime) -> None:
    """Both weeks, as a new version."""
    await conn.execute("DELETE FROM contact_window")
    await conn.executemany(
        "INSERT INTO contact_window (purpose, day, opens_min, closes_min) VALUES ($1, $2, $3, $4)",
        [
            (purpose, day, window.opens_min, window.closes_min)
            for purpose, week in (("care", hours.care), ("marketing", hours.marketing))
            for day, window in week.items()
        ],
    )
    await conn.execute(
        "UPDATE contact_hours SET version = version + 1, changed_by = $1, changed_at = $2", changed_by, now
    )
