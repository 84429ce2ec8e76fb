"""What a patient's timeline says of calls beside their sentence: result, notes, and whether they can be heard."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database
from crm_core.patients.model import TimelineEntry
from crm_core.users.rights import Right, may

CALLS = "calls/"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNote:
    """As the last agent who wrote something left it; `is_recorded` for who may hear it."""

    disposition: str
    notes: str = field(repr=False)
    is_recorded: bool


async def call_notes(db: Database, actor: Actor, entries: Iterable[TimelineEntry]) -> Mapping[str, CallNote]:
    """By what the entry refers to; for whoever has been let in to this patient. Nothing for who may not see calls."""
    refs = {UUID(one.ref.removeprefix(CALLS)): one.ref for one in entries if one.ref.startswith(CALLS)}
    if not refs or not may(actor, Right.SEE_CALLS):
        return {}
    async with db.connection() as conn:
        rows = await conn.fetch(
            """
            SELECT wanted.id, coalesce(leg.disposition, '') AS disposition, coalesce(leg.notes, '') AS notes,
                   EXISTS (SELECT FROM recording WHERE call_id = wanted.id) AS is_recorded
            FROM unnest($1::uuid[]) AS wanted (id)
            LEFT JOIN LATERAL (SELECT disposition, notes FROM call_leg
                               WHERE call_id = wanted.id AND (disposition <> '' OR notes <> '')
                               ORDER BY id DESC LIMIT 1) AS leg ON true
            """,
            list(refs),
        )
    hears = may(actor, Right.HEAR_RECORDINGS)
    return {
        refs[row["id"]]: CallNote(
            disposition=row["disposition"], notes=row["notes"], is_recorded=hears and row["is_recorded"]
        )
        for row in rows
    }
