"""What the registration form does: open a record, save it unless it changed meanwhile, say who shares its numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm_core.directory import store as directory
from crm_core.directory.model import Department
from crm_core.drafts import service as drafts
from crm_core.drafts.model import Form, Subject
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database, Tx
from crm_core.kernel.errors import StaleError
from crm_core.kernel.ids import Msisdn, PatientId
from crm_core.patients import history_store, lookup, rules, seen, service, store
from crm_core.patients.meanwhile import Meanwhile, meanwhile
from crm_core.patients.model import NewPatient, Patient
from crm_core.users import rights
from crm_core.users.rights import Right


@dataclass(frozen=True, slots=True)
class Saved:
    """`people` can be reached at one of the numbers that were added, this patient among them; 0 when none was."""

    patient: Patient
    people: int

    @property
    def is_crowded(self) -> bool:
        """Worth a word: a second person is family, a third may be a mistake."""
        return self.people > 2

    @property
    def is_nobodys(self) -> bool:
        """So many that nobody is recognised by the number."""
        return rules.is_nobodys(self.people)


@dataclass(frozen=True, slots=True)
class OnFile:
    """Who has the same name and one of the same numbers: perhaps the same person."""

    people: tuple[Patient, ...]


async def opened(db: Database, actor: Actor, patient_id: PatientId) -> Patient:
    """The record to be changed. Raises ForbiddenError, PatientNotFoundError."""
    rights.ensure(actor, Right.EDIT_PATIENTS)
    return await lookup.part(db, actor, patient_id, "form")


async def departments(db: Database, actor: Actor) -> list[Department]:
    """What the form offers. Raises ForbiddenError."""
    rights.ensure(actor, Right.EDIT_PATIENTS)
    async with db.connection() as conn:
        return await directory.departments(conn)


async def register(
    db: Database, actor: Actor, new: NewPatient, draft: Subject, *, anyway: bool = False
) -> Saved | OnFile:
    """Nobody is registered twice by mistake: who has the name and one of the numbers is shown first, unless `anyway`.

    `draft` is the form in which it was typed. Raises what `service.register` raises.
    """
    async with db.transaction(actor) as tx:
        done = await register_in(tx, new, anyway=anyway)
        if isinstance(done, Saved):
            await drafts.saved_in(tx, draft)
        return done


async def register_in(tx: Tx, new: NewPatient, *, anyway: bool = False) -> Saved | OnFile:
    """The same inside a caller's transaction, which is over after IdentifierTakenError."""
    rights.ensure(tx.actor, Right.EDIT_PATIENTS)
    people = () if anyway else await _same(tx.conn, new)
    if people:
        await seen.listed(tx, "patient", [one.id for one in people], {"by": "phone"})
        return OnFile(people)
    patient = await service.register_in(tx, new)
    return Saved(patient, await _people(tx.conn, patient.phones))


async def _same(conn: Connection, new: NewPatient) -> tuple[Patient, ...]:
    name, found = rules.checked(new).name, dict[PatientId, Patient]()
    for phone in rules.phones(new.phones):
        found |= {one.id: one for one in await store.find_by_msisdn(conn, phone.msisdn) if one.name == name}
    return tuple(found.values())


async def save(
    db: Database, actor: Actor, patient_id: PatientId, typed: Mapping[str, object], version: int
) -> Saved | Meanwhile:
    """Writes the fields that differ from the record of this version; nothing when it is an older one.

    Raises what `service.change` raises but StaleError.
    """
    try:
        async with db.transaction(actor) as tx:
            before = await store.get(tx.conn, patient_id)
            patient = await service.change_in(tx, patient_id, typed, expected_version=version, is_whole=True)
            added = [number for number in patient.phones if before and number not in before.phones]
            await drafts.saved_in(tx, Subject(form=Form.PATIENT, patient_id=patient_id))
            return Saved(patient, await _people(tx.conn, added))
    except StaleError:
        return await _meanwhile(db, actor, patient_id, typed, version)


async def _meanwhile(
    db: Database, actor: Actor, patient_id: PatientId, typed: Mapping[str, object], version: int
) -> Meanwhile:
    record = await opened(db, actor, patient_id)
    async with db.connection() as conn:
        since = await history_store.changes_since(conn, patient_id, version)
    return meanwhile(record, since, typed)


async def _people(conn: Connection, numbers: Sequence[Msisdn]) -> int:
    return max((await store.sharers(conn, numbers, most=lookup.COUNTED)).values(), default=0)
