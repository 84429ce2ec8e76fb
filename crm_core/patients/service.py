"""Register, change and look at patients. Whoever reads a record for a person uses `view`: it is audited."""

from collections.abc import Collection, Mapping

from crm_core.events import PatientChanged, PatientRegistered
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import StaleError
from crm_core.kernel.ids import PatientId
from crm_core.kernel.once import Wish, made, made_before
from crm_core.patients import history_store, identifier_store, numbers, rules, store
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.fields import IDENTIFIERS, SEVERAL
from crm_core.patients.model import NewPatient, Patient, Phone
from crm_core.users import rights
from crm_core.users.rights import Right


async def register(db: Database, actor: Actor, new: NewPatient, wish: Wish | None = None) -> Patient:
    """A new record, one for each wish. Raises InvalidInputError, InvalidMsisdnError, IdentifierTakenError."""
    async with db.transaction(actor) as tx:
        known = await made_before(tx, wish)
        if known is not None:
            return await view_in(tx, PatientId(known))
        patient = await register_in(tx, new)
        await made(tx, wish, patient.id)
        return patient


async def register_in(tx: Tx, new: NewPatient) -> Patient:
    """The same inside a caller's transaction, which is over after IdentifierTakenError."""
    rights.ensure(tx.actor, Right.EDIT_PATIENTS)
    record, phones = rules.checked(new), rules.phones(new.phones)
    rules.ensure_born(record.birth_date, tx.now)
    patient_id = await store.insert(tx.conn, record, created_by=tx.actor.name, now=tx.now)
    await store.replace_phones(tx.conn, patient_id, phones)
    await audit.record(tx, "register patient", "patient", patient_id)
    await tx.emit(PatientRegistered(patient_id=patient_id))
    return await _loaded(tx, patient_id)


async def change(
    db: Database,
    actor: Actor,
    patient_id: PatientId,
    changes: Mapping[str, object],
    *,
    expected_version: int | None = None,
    is_whole: bool = False,
) -> Patient:
    """Only the fields named; history is kept. `phones` replaces all numbers; `is_whole`: and whose each is.

    Raises StaleError when the record is no longer the `expected_version` that the caller read.
    """
    async with db.transaction(actor) as tx:
        return await change_in(tx, patient_id, changes, expected_version=expected_version, is_whole=is_whole)


async def change_in(
    tx: Tx,
    patient_id: PatientId,
    changes: Mapping[str, object],
    *,
    expected_version: int | None = None,
    is_whole: bool = False,
) -> Patient:
    """The same inside a caller's transaction, which is over after IdentifierTakenError."""
    rights.ensure(tx.actor, Right.EDIT_PATIENTS)
    before = await store.lock(tx.conn, patient_id)
    if before is None:
        raise PatientNotFoundError("no such patient")
    patient_id = before.id
    if expected_version not in (None, before.version):
        raise StaleError("changed since it was read")
    after = rules.with_changes(before, changes)
    phones = numbers.kept(before.numbers, rules.phones(after.phones), is_whole=is_whole)
    rules.ensure_born(after.birth_date if after.birth_date != before.birth_date else None, tx.now)
    differences = rules.differences(before, after, phones)
    if not differences:
        return before
    await _store(tx, before, after, phones, differences.keys())
    await history_store.add_changes(
        tx.conn, patient_id, differences, version=before.version + 1, actor=tx.actor.name, now=tx.now
    )
    await audit.record(tx, "change patient", "patient", patient_id, detail={"fields": sorted(differences)})
    await tx.emit(PatientChanged(patient_id=patient_id))
    return await _loaded(tx, patient_id)


async def _store(
    tx: Tx, before: Patient, after: NewPatient, phones: tuple[Phone, ...], changed: Collection[str]
) -> None:
    await store.update(tx.conn, before.id, after, now=tx.now)
    for system in (one for one in IDENTIFIERS if one in changed):
        value = getattr(after, system)
        ended = tx.now.astimezone(tx.zone).date() if value and system in SEVERAL else None
        await identifier_store.put(tx.conn, before.id, system, value, ended=ended)
    if "phones" in changed:
        await store.replace_phones(tx.conn, before.id, phones)


async def set_language(db: Database, actor: Actor, patient_id: PatientId, language: str) -> Patient:
    """What the hotline speaks to this person from now on."""
    return await change(db, actor, patient_id, {"language": language})


async def view(db: Database, actor: Actor, patient_id: PatientId) -> Patient:
    """One record for somebody to read, with an audit row. Raises PatientNotFoundError."""
    async with db.transaction(actor) as tx:
        return await view_in(tx, patient_id)


async def view_in(tx: Tx, patient_id: PatientId) -> Patient:
    """The same inside a caller's transaction."""
    rights.ensure(tx.actor, Right.SEE_PATIENTS)
    patient = await _loaded(tx, patient_id)
    await audit.record(tx, "view patient", "patient", patient.id)
    return patient


async def _loaded(tx: Tx, patient_id: PatientId) -> Patient:
    patient = await store.get(tx.conn, patient_id)
    if patient is None:
        raise PatientNotFoundError("no such patient")
    return patient
