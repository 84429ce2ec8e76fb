"""What staff write down about whom may be contacted: one wish at a time, and only if it is still what they saw."""

from crm_core.consent import rules, service, store
from crm_core.consent.model import WISH_CHANNELS, Address, GivenBy, NewWish, Purpose, Said, Wishes, WishSource
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database, Tx
from crm_core.kernel.errors import InvalidInputError, StaleError
from crm_core.kernel.ids import Msisdn, PatientId
from crm_core.patients import lookup
from crm_core.patients import store as patients
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.model import Patient
from crm_core.users import rights
from crm_core.users.rights import Right


async def card(db: Database, actor: Actor, patient_id: PatientId) -> tuple[Patient, tuple[Wishes, ...]]:
    """What each of somebody's numbers may be used for. Raises ForbiddenError, PatientNotFoundError."""
    patient = await lookup.part(db, actor, patient_id, "wishes")
    return patient, await of_patient(db, actor, patient)


async def of_patient(db: Database, actor: Actor, patient: Patient) -> tuple[Wishes, ...]:
    """The same of a record that is open already. Raises ForbiddenError."""
    rights.ensure(actor, Right.SEE_PATIENTS)
    async with db.connection() as conn:
        return tuple([await _of(conn, msisdn) for msisdn in patient.phones])


async def _of(conn: Connection, msisdn: Msisdn) -> Wishes:
    current = await store.current(conn, Address.phone(msisdn))
    said = {(one.purpose, one.channel): one for one in current}
    wishes = [(purpose, channel) for purpose in Purpose for channel in WISH_CHANNELS]
    return Wishes(
        msisdn=msisdn,
        wanted={wish: rules.wants(wish[0], said[wish].choice if wish in said else None) for wish in wishes},
        said=said,
        never=await store.left_alone(conn, msisdn),
    )


async def say(db: Database, actor: Actor, patient_id: PatientId, wish: NewWish) -> None:
    """Raises ForbiddenError, InvalidInputError, GuardianNeededError, StaleError when somebody spoke of it meanwhile."""
    if wish.source not in set(WishSource):
        raise InvalidInputError("phone, person or paper", field="source")
    if wish.given_by not in set(GivenBy):
        raise InvalidInputError("person or guardian", field="given_by")
    async with db.transaction(actor) as tx:
        number = await _number(tx, patient_id, wish.msisdn)
        await service.record_in(
            tx,
            Address.phone(number),
            purpose=wish.purpose,
            channel=wish.channel,
            choice=wish.choice,
            said=Said(wish.source, f"users/{actor.name}", GivenBy(wish.given_by)),
            whose=patient_id,
            seen=wish.seen,
        )


async def leave_alone(db: Database, actor: Actor, patient_id: PatientId, msisdn: str, reason: str) -> None:
    """No machine calls or texts this number any more. Raises StaleError when somebody said so meanwhile."""
    async with db.transaction(actor) as tx:
        number = await _number(tx, patient_id, msisdn)
        if await store.is_never_dial(tx.conn, number):
            raise StaleError("it is left alone already")
        await service.never_dial_in(tx, number, reason)


async def allow_again(db: Database, actor: Actor, patient_id: PatientId, msisdn: str, seen: str) -> None:
    """It may be called and texted again. `seen` is since when it was left alone, as the reader saw it.

    Raises StaleError when that was taken back, or said anew, meanwhile.
    """
    async with db.transaction(actor) as tx:
        number = await _number(tx, patient_id, msisdn)
        never = await store.left_alone(tx.conn, number)
        if never is None or never.at.isoformat() != seen:
            raise StaleError("not what was read")
        await service.dial_again_in(tx, number)


async def _number(tx: Tx, patient_id: PatientId, msisdn: str) -> Msisdn:
    """One of this patient's numbers; nobody speaks for those of others."""
    rights.ensure(tx.actor, Right.CHANGE_CONSENT)
    patient = await patients.get(tx.conn, patient_id)
    if patient is None:
        raise PatientNotFoundError("no such patient")
    for known in patient.phones:
        if known == msisdn:
            await store.lock(tx.conn, Address.phone(known))
            return known
    raise InvalidInputError("not a number of this patient", field="msisdn")
