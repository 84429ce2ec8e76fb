"""What a person decides about a text: take it back, send it again, or say that it arrived. Each once, and audited."""

from collections.abc import Awaitable, Callable
from datetime import tzinfo

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import ConflictError
from crm_core.kernel.ids import Msisdn, SmsId
from crm_core.tasks import service as tasks
from crm_core.tasks.model import TaskKind
from crm_core.users.rights import Right, ensure
from sms import inbound_store, outbound_store, service, store
from sms.address import msisdn_of_peer
from sms.errors import SmsNotFoundError
from sms.happened import state_changed
from sms.model import Direction, NewSms, Priority, Purpose, Sms, SmsState

Decide = Callable[[Database, Actor, SmsId], Awaitable[object]]
RESENDABLE = frozenset({SmsState.FAILED, SmsState.EXPIRED, SmsState.UNKNOWN, SmsState.SUPPRESSED})
SAID_TO_HAVE_ARRIVED = "said_to_have_arrived"
WITHDRAWN = "withdrawn"


def can_resend(sms: Sms) -> bool:
    """It will not arrive by itself any more, and nobody has decided about it yet."""
    return sms.direction is Direction.OUT and sms.state in RESENDABLE and sms.handled_at is None


def can_have_arrived(sms: Sms) -> bool:
    """Nobody knows, so somebody may say."""
    return sms.direction is Direction.OUT and sms.state is SmsState.UNKNOWN and sms.handled_at is None


def can_withdraw(sms: Sms) -> bool:
    """It has not left."""
    return sms.direction is Direction.OUT and sms.state is SmsState.QUEUED


async def resend(db: Database, actor: Actor, sms_id: SmsId, *, zone: tzinfo) -> SmsId:
    """Send again what failed or whose outcome is unknown. Pressed twice, by two people, it is sent once.

    Raises SmsNotFoundError, ConflictError when it may still arrive or somebody said that it has, ContactForbiddenError,
    PurposeForbiddenError, ForbiddenError.
    """
    ensure(actor, Right.SEND_SMS)
    async with db.transaction(actor) as tx:
        old = await _locked(tx, sms_id)
        again = await store.by_dedupe_key(tx.conn, _key(sms_id))
        if again is not None:
            return again
        if not can_resend(old):
            raise ConflictError("the message may still arrive")
        again = await service.queue_in(tx, _copy(old), zone=zone)
        await _decided(tx, old, "resend sms")
        return again


async def arrived(db: Database, actor: Actor, sms_id: SmsId) -> None:
    """The patient was asked and has it. Safe to repeat. Raises SmsNotFoundError, ConflictError, ForbiddenError."""
    ensure(actor, Right.SEND_SMS)
    async with db.transaction(actor) as tx:
        sms = await _locked(tx, sms_id)
        if sms.state is SmsState.DELIVERED:
            return
        if not can_have_arrived(sms):
            raise ConflictError("nobody is in doubt about this message")
        await outbound_store.mark_delivered(tx.conn, sms_id, at=tx.now, reason=SAID_TO_HAVE_ARRIVED)
        await _decided(tx, sms, "sms arrived")
        await tx.emit(state_changed(sms, SmsState.DELIVERED))


async def withdraw(db: Database, actor: Actor, sms_id: SmsId) -> bool:
    """Take back what has not left; False when it is too late. Raises SmsNotFoundError, ForbiddenError."""
    ensure(actor, Right.SEND_SMS)
    async with db.transaction(actor) as tx:
        sms = await _locked(tx, sms_id)
        if not can_withdraw(sms):
            return False
        await outbound_store.set_state(tx.conn, sms_id, SmsState.SUPPRESSED, reason=WITHDRAWN)
        await audit.record(tx, "withdraw sms", "sms", sms_id)
        await tx.emit(state_changed(sms, SmsState.SUPPRESSED))
        return True


async def _locked(tx: Tx, sms_id: SmsId) -> Sms:
    sms = await store.lock(tx.conn, sms_id)
    if sms is None or sms.direction is not Direction.OUT:
        raise SmsNotFoundError("no such message")
    return sms


async def _decided(tx: Tx, sms: Sms, action: str) -> None:
    """The question is answered: its buttons and its task go."""
    await inbound_store.mark_handled(tx.conn, sms.id, now=tx.now)
    await tasks.done_about(tx, TaskKind.CHECK_OUTCOME, msisdn_of_peer(sms.peer), f"sms/{sms.id}")
    await audit.record(tx, action, "sms", sms.id)
    await tx.emit(state_changed(sms, sms.state))


def _key(sms_id: SmsId) -> str:
    return f"resend:{sms_id}"


def _copy(old: Sms) -> NewSms:
    return NewSms(
        to=Msisdn(old.peer),
        text=old.text,
        purpose=old.purpose or Purpose.CARE,
        priority=Priority(old.priority),
        patient_id=old.patient_id,
        appointment_id=old.appointment_id,
        reply_to=old.reply_to_id,
        is_reply=old.reply_to_id is not None,
        dedupe_key=_key(old.id),
    )
