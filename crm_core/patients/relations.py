"""Who is what to whom: mother, guardian, spouse. One relation is seen from both sides, each with its word."""

from crm_core.events import PatientChanged
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import InvalidInputError, NotFoundError
from crm_core.kernel.ids import PatientId
from crm_core.patients import kinship, lookup, relation_store, seen, store
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.model import Relatives
from crm_core.users import rights
from crm_core.users.rights import Right

MOST = 50  # of one person


async def of(db: Database, actor: Actor, patient_id: PatientId) -> Relatives:
    """Those of one person. Raises ForbiddenError, PatientNotFoundError."""
    patient = await lookup.part(db, actor, patient_id, "relations")
    async with db.transaction(actor) as tx:
        relations = tuple(await relation_store.of(tx.conn, patient_id))
        await seen.listed(tx, "patient", [one.other.id for one in relations], {"by": "relations"}, again=True)
        return Relatives(patient=patient, relations=relations)


async def relate(db: Database, actor: Actor, patient_id: PatientId, other_id: PatientId, kind: str) -> Relatives:
    """`other_id` is the `kind` of `patient_id`. Said twice it is one. Raises what `of` raises, InvalidInputError."""
    rights.ensure(actor, Right.EDIT_PATIENTS)
    if kind not in kinship.KINDS:
        raise InvalidInputError("no such relation", field="kind")
    if patient_id == other_id:
        raise InvalidInputError("nobody is a relative of themselves", field="other_id")
    async with db.transaction(actor) as tx:
        for one in sorted((patient_id, other_id)):
            if await store.lock(tx.conn, one) is None:
                raise PatientNotFoundError("no such patient")
        if len(await relation_store.of(tx.conn, patient_id)) >= MOST:
            raise InvalidInputError("too many relations", field="kind")
        if await relation_store.add(tx.conn, patient_id, other_id, kind, created_by=actor.name, now=tx.now):
            await _tell(tx, "relate patients", patient_id, other_id)
    return await of(db, actor, patient_id)


async def end(db: Database, actor: Actor, patient_id: PatientId, relation_id: int) -> Relatives:
    """It was wrong. Raises what `of` raises, NotFoundError."""
    rights.ensure(actor, Right.EDIT_PATIENTS)
    async with db.transaction(actor) as tx:
        other = await relation_store.remove(tx.conn, patient_id, relation_id)
        if other is None:
            raise NotFoundError("no such relation")
        await _tell(tx, "end relation", patient_id, other)
    return await of(db, actor, patient_id)


async def _tell(tx: Tx, action: str, patient_id: PatientId, other_id: PatientId) -> None:
    for one, another in ((patient_id, other_id), (other_id, patient_id)):
        await audit.record(tx, action, "patient", one, detail={"patient_ids": [another]})
        await tx.emit(PatientChanged(patient_id=one))
