"""Who looks for whom, and at whom: lists, searches, the page of a patient and its parts.

Everybody here is asked for the right and leaves one row in the audit that names by id whom they saw, never what they
typed: a name that somebody looked for is as personal as one that they found.
"""

from crm_core.kernel.actor import Actor
from crm_core.kernel.cursor import Cursor, Page, by_id, cut, page_of
from crm_core.kernel.db import Connection, Database, Tx
from crm_core.kernel.ids import PatientId
from crm_core.patients import filter_store, history_store, rules, search_store, seen, service, store, timeline
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.model import Family, Found, History, OpenedPatient, Patient, TimelineEntry, Wanted
from crm_core.users import rights
from crm_core.users.rights import Right

ENTRIES = 30
CHANGES = 10
RELATIVES = 8
COUNTED = 10_000  # people of one number; beyond that it is many


async def find(db: Database, actor: Actor, wanted: Wanted, *, limit: int, after: PatientId | None = None) -> Found:
    """A page of patients by id; `after` is the `more` of the page before. Raises ForbiddenError."""
    rights.ensure(actor, Right.SEE_PATIENTS)
    async with db.transaction(actor) as tx:
        patients = await _wanted(tx.conn, wanted, limit + 1, after)
        found = Found(tuple(patients[:limit]), patients[limit - 1].id if len(patients) > limit else None)
        await seen.listed(tx, "patient", [patient.id for patient in found.patients], {"by": wanted.by}, again=True)
    return found


async def _wanted(conn: Connection, wanted: Wanted, limit: int, after: PatientId | None) -> list[Patient]:
    match wanted.by:
        case "phone":
            assert wanted.msisdn is not None
            return await store.many(conn, await store.ids_of(conn, wanted.msisdn, limit=limit, after=after))
        case "card":
            one = await store.find_by_card_no(conn, wanted.card_no)
            return [one] if one and one.id > (after or 0) else []
        case "words":
            return await search_store.search(conn, wanted.words, limit=limit, after=after)
        case "all":
            return await store.page(conn, limit=limit, after=after)
        case field:
            return await filter_store.having(conn, field, wanted.value, wanted.words, limit=limit, after=after)


async def open_page(db: Database, actor: Actor, patient_id: PatientId) -> OpenedPatient:
    """Everything the register knows, for somebody to read. Raises ForbiddenError, PatientNotFoundError."""
    async with db.transaction(actor) as tx:
        patient = await service.view_in(tx, patient_id)
        return OpenedPatient(
            patient=patient,
            timeline=await _entries(tx.conn, patient.id, None, None, ENTRIES),
            family=await _family(tx.conn, patient),
            history=await _history(tx.conn, patient, None, None, CHANGES),
        )


async def part(db: Database, actor: Actor, patient_id: PatientId, name: str) -> Patient:
    """The record, for a part of its page that is fetched anew. Raises ForbiddenError, PatientNotFoundError."""
    async with db.transaction(actor) as tx:
        return await _part(tx, patient_id, name)


async def _part(tx: Tx, patient_id: PatientId, name: str) -> Patient:
    rights.ensure(tx.actor, Right.SEE_PATIENTS)
    patient = await store.get(tx.conn, patient_id)
    if patient is None:
        raise PatientNotFoundError("no such patient")
    await seen.opened(tx, patient.id, {"part": name}, again=True)
    return patient


async def entries(
    db: Database,
    actor: Actor,
    patient_id: PatientId,
    *,
    kind: str | None = None,
    before: Cursor | None = None,
    limit: int = ENTRIES,
) -> tuple[Patient, Page[TimelineEntry]]:
    """A page of the timeline, newest first, and whose it is. Raises ForbiddenError, PatientNotFoundError."""
    async with db.transaction(actor) as tx:
        patient = await _part(tx, patient_id, "timeline")
        return patient, await _entries(tx.conn, patient.id, kind, before, limit)


async def _entries(
    conn: Connection, patient_id: PatientId, kind: str | None, before: Cursor | None, limit: int
) -> Page[TimelineEntry]:
    found = await timeline.page(conn, patient_id, limit=limit + 1, before=before, kind=kind)
    return page_of(found, limit, lambda entry: entry, lambda entry: Cursor(entry.at, str(entry.id)))


async def history(
    db: Database,
    actor: Actor,
    patient_id: PatientId,
    *,
    field: str | None = None,
    before: Cursor | None = None,
    limit: int = CHANGES,
) -> History:
    """A page of the changes of a record, newest first. Raises ForbiddenError, PatientNotFoundError."""
    async with db.transaction(actor) as tx:
        return await _history(tx.conn, await _part(tx, patient_id, "history"), field, before, limit)


async def _history(conn: Connection, patient: Patient, field: str | None, before: Cursor | None, limit: int) -> History:
    last = before.alone if before else None
    found = await history_store.page(conn, patient.id, limit=limit + 1, before=last, field=field)
    return History(
        patient=patient,
        changes=cut(found, limit, lambda one: by_id(one.id)),
        beginning=await history_store.beginning(conn, patient.id),
    )


async def _family(conn: Connection, patient: Patient) -> Family:
    """Others who share a telephone."""
    people = await store.sharers(conn, patient.phones, most=COUNTED)
    real = [msisdn for msisdn, count in people.items() if not rules.is_nobodys(count)]
    ids = await store.ids_of_any(conn, real, but=patient.id)
    return Family(
        people=tuple(await store.many(conn, ids[:RELATIVES])),
        more=max(0, len(ids) - RELATIVES),
        placeholders={msisdn: count for msisdn, count in people.items() if rules.is_nobodys(count)},
    )
