"""What a person writes by hand: to a number, perhaps in answer to what just came from it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crm_core.drafts import service as drafts
from crm_core.drafts.model import Subject
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import Msisdn, SmsId, ThreadId
from crm_core.patients import store as patients
from crm_core.tasks import service as tasks
from crm_core.tasks.rules import Talk
from sms import placeholders, reading, service, store, thread_store
from sms.errors import PurposeForbiddenError, SmsNotFoundError, UnfilledError
from sms.letterhead import Letterhead
from sms.model import Direction, NewSms, Priority, Purpose, Sms

ANSWERED_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Draft:
    """As typed and checked. `kept_as`: the form in which it was typed; None when nobody typed it in one."""

    to: Msisdn = field(repr=False)
    text: str = field(repr=False)
    purpose: Purpose
    kept_as: Subject | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """`waits`: not now, but as soon as it is allowed."""

    sms_id: SmsId
    thread_id: ThreadId
    waits: bool


async def write(db: Database, actor: Actor, draft: Draft, *, letterhead: Letterhead) -> Written:
    """Queue it under the hospital's name; what waited for an answer is settled.

    Whose number it is and what it answers is found here, not asked from the reader of a form.
    Raises ContactForbiddenError(rule), PurposeForbiddenError, InvalidInputError.
    """
    try:
        async with db.transaction(actor) as tx:
            new = await _new(tx, draft, letterhead)
            sms_id = await service.queue_in(tx, new, zone=letterhead.timezone)
            if draft.purpose is not Purpose.MARKETING:  # an advertisement answers nobody
                await tasks.settle_in(tx, Talk.TEXT, draft.to, f"sms/{sms_id}", patient_id=new.patient_id)
            if draft.kept_as is not None:
                await drafts.saved_in(tx, draft.kept_as)
            sms = await store.get(tx.conn, sms_id)
            if sms is None:
                raise SmsNotFoundError("no such message")
            return Written(sms_id, sms.thread_id, sms.not_before > tx.now)
    except PurposeForbiddenError:
        await service.note_refusal(db, actor, draft.purpose)
        raise


async def _new(tx: Tx, draft: Draft, letterhead: Letterhead) -> NewSms:
    if not draft.text.strip():
        raise InvalidInputError("the text is empty", field="text")
    if placeholders.gaps(draft.text):
        raise UnfilledError("a placeholder is left", field="text")
    newest = await thread_store.texts(tx.conn, draft.to, limit=1)
    asked = answered_text(newest[0] if newest else None, draft.purpose, tx.now)
    people = await patients.find_by_msisdn(tx.conn, draft.to)
    return NewSms(
        to=draft.to,
        text=letterhead.signed(draft.text, "en" if reading.looks_english(draft.text) else "zh_CN"),
        purpose=draft.purpose,
        priority=Priority.CONVERSATION if asked else service.priority_of(draft.purpose),
        patient_id=people[0].id if len(people) == 1 else None,
        reply_to=asked.id if asked else None,
        is_reply=asked is not None,
    )


def answered_text(newest: Sms | None, purpose: Purpose, now: datetime) -> Sms | None:
    """The patient's text that this answers: the newest, of the last day. Advertising is never an answer."""
    if newest is None or newest.direction is not Direction.IN or purpose is Purpose.MARKETING:
        return None
    return newest if now - newest.created_at <= ANSWERED_WITHIN else None
