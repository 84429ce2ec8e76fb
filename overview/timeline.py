"""A patient's timeline as it is read: what each entry leads to besides its sentence.

Entries keep what they lead to, not its words: a text that is erased is gone from here too. Of calls: the result, notes,
and whether they can be heard.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database
from crm_core.patients.model import TimelineEntry
from crm_core.patients.timeline_code import TimelineCode
from crm_core.users.rights import Right, may

CALLS = "calls/"
LONGEST = 500  # of a text, where its thing has more
SHOWN_TO = {"sms": Right.SEE_SMS, "consultations": Right.SEE_CONSULTATIONS, "tasks": Right.SEE_PATIENTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNote:
    """As the last agent who wrote something left it; `is_recorded` for who may hear it."""

    disposition: str
    notes: str = field(repr=False)
    is_recorded: bool


@dataclass(frozen=True, slots=True)
class Told:
    """An entry with the words of what it leads to; "" when there are none, or not for this reader."""

    entry: TimelineEntry
    text: str = field(default="", repr=False)


async def told(db: Database, actor: Actor, entries: Sequence[TimelineEntry]) -> Sequence[Told]:
    """For whoever has been let in to this patient."""
    shown = {kind for kind, right in SHOWN_TO.items() if may(actor, right)}
    refs = {one.ref for one in entries if one.ref.partition("/")[0] in shown}
    texts = await _texts(db, refs) if refs else {}
    return [Told(one, _text(one, texts)) for one in entries]


@dataclass(frozen=True, slots=True)
class _Words:
    text: str
    answer: str


def _text(entry: TimelineEntry, texts: Mapping[str, _Words]) -> str:
    found = texts.get(entry.ref)
    if found is None:
        return str(entry.args.get("reason", ""))  # of a list that has no row to lead to
    return found.answer if entry.code == TimelineCode.ANSWERED else found.text


async def _texts(db: Database, refs: Iterable[str]) -> Mapping[str, _Words]:
    ids: dict[str, list[int]] = {"sms": [], "consultations": [], "tasks": []}
    for kind, _slash, number in (ref.partition("/") for ref in refs):
        if number.isascii() and number.isdigit():
            ids[kind].append(int(number))
    async with db.connection() as conn:
        rows = await conn.fetch(
            """
            SELECT 'sms/' || id AS ref, text, '' AS answer FROM sms WHERE id = ANY ($1::bigint[])
            UNION ALL
            SELECT 'consultations/' || id, right(text, $4), left(result, $4)
            FROM consultation WHERE id = ANY ($2::bigint[])
            UNION ALL
            SELECT 'tasks/' || id, text, '' FROM task WHERE id = ANY ($3::bigint[])
            """,
            ids["sms"],
            ids["consultations"],
            ids["tasks"],
            LONGEST,
        )
    return {row["ref"]: _Words(row["text"], row["answer"]) for row in rows}


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
