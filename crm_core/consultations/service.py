"""Write down who asks, find it again, and close it when they have their answer."""

from crm_core.consultations import store
from crm_core.consultations.errors import ConsultationNotFoundError
from crm_core.consultations.model import Consultation, Found, Opened, Source, Status, Wanted
from crm_core.drafts import service as drafts
from crm_core.drafts.model import Form, Subject
from crm_core.events import ConsultationClosed, ConsultationOpened
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import InvalidInputError, StaleError
from crm_core.kernel.ids import CallId, ConsultationId, Msisdn, PatientId
from crm_core.patients import search_store, seen, timeline
from crm_core.patients import store as patients
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.model import Patient, TimelineKind
from crm_core.patients.timeline_code import TimelineCode
from crm_core.users import rights
from crm_core.users.rights import Right, may

LONGEST_TEXT = 10_000  # of the newest words; older ones are cut


async def find(db: Database, actor: Actor, wanted: Wanted, *, limit: int, after: ConsultationId | None = None) -> Found:
    """A page; `after` is the `more` of the page before. Raises ForbiddenError.

    Who may not see patients does not find by a patient's name.
    """
    rights.ensure(actor, Right.SEE_CONSULTATIONS)
    by_name = bool(wanted.text) and may(actor, Right.SEE_PATIENTS)
    async with db.transaction(actor) as tx:
        people = await search_store.few(tx.conn, wanted.text) if by_name else None
        rows = await store.page(
            tx.conn,
            status=wanted.status,
            source=wanted.source,
            text=wanted.text,
            people=people or (),
            since=wanted.since,
            oldest_first=wanted.oldest_first,
            limit=limit + 1,
            after=after,
        )
        shown = tuple(rows[:limit])
        await seen.listed(tx, "consultation", [row.patient_id for row in shown], {"by": wanted.by})
    return Found(shown, shown[-1].id if len(rows) > limit else None)


async def view(db: Database, actor: Actor, consultation_id: ConsultationId) -> Opened:
    """One for somebody to read. Raises ForbiddenError, ConsultationNotFoundError."""
    rights.ensure(actor, Right.SEE_CONSULTATIONS)
    async with db.transaction(actor) as tx:
        one = await _loaded(tx, consultation_id)
        people: tuple[Patient, ...] = ()
        if one.patient_id is None and may(actor, Right.SEE_PATIENTS):
            people = tuple(await patients.find_by_msisdn(tx.conn, one.msisdn))
        about = [person.id for person in people] if one.patient_id is None else [one.patient_id]
        await audit.record(tx, "view consultation", "consultation", consultation_id, detail={"patient_ids": about})
        return Opened(one, people)


async def open_in(
    tx: Tx,
    msisdn: Msisdn,
    source: str,
    text: str,
    patient_id: PatientId | None = None,
    call_id: CallId | None = None,
) -> ConsultationId:
    """A new consultation, or the open one of this number and source with the text added. Raises InvalidInputError."""
    if source not in set(Source):
        raise InvalidInputError("phone, sms or web", field="source")
    consultation_id, is_new = await store.put(
        tx.conn,
        msisdn=msisdn,
        patient_id=patient_id,
        call_id=call_id,
        source=Source(source),
        text=text.strip()[-LONGEST_TEXT:],
        longest=LONGEST_TEXT,
        now=tx.now,
    )
    await _write_on_timeline(tx, await _loaded(tx, consultation_id))
    if is_new:
        await audit.record(tx, "open consultation", "consultation", consultation_id)
        await tx.emit(ConsultationOpened(consultation_id=consultation_id))
    return consultation_id


async def claim_in(tx: Tx, patient_id: PatientId) -> None:
    """Whoever asked as a stranger is known now: what they asked stands on their timeline."""
    for consultation_id in await store.claim(tx.conn, patient_id):
        await _write_on_timeline(tx, await _loaded(tx, consultation_id))
        detail = {"patient_id": patient_id}
        await audit.record(tx, "tie consultation to patient", "consultation", consultation_id, detail=detail)


async def follow_call_in(tx: Tx, call_id: CallId, was: PatientId | None, now: PatientId | None) -> None:
    """The caller turned out to be somebody else: what they asked in this call is theirs."""
    for consultation_id in await store.of_call(tx.conn, call_id, was):
        one = await _loaded(tx, consultation_id)
        if was is not None:
            await timeline.remove(tx, was, TimelineKind.CONSULTATION, _ref(one))
        await store.set_patient(tx.conn, consultation_id, now)
        await _write_on_timeline(tx, await _loaded(tx, consultation_id))
        await audit.record(
            tx, "tie consultation to patient", "consultation", consultation_id, detail={"patient_id": now}
        )


async def close(
    db: Database,
    actor: Actor,
    consultation_id: ConsultationId,
    patient_id: PatientId | None = None,
    *,
    result: str = "",
) -> Consultation:
    """They have their answer; `patient_id` when they turned out to be, or became, a patient. Safe to repeat.

    Raises ForbiddenError, ConsultationNotFoundError, PatientNotFoundError, InvalidInputError, and StaleError when
    somebody else closed it with other words.
    """
    async with db.transaction(actor) as tx:
        return await close_in(tx, consultation_id, patient_id, result=result)


async def close_in(
    tx: Tx, consultation_id: ConsultationId, patient_id: PatientId | None = None, *, result: str = ""
) -> Consultation:
    """The same inside a caller's transaction."""
    rights.ensure(tx.actor, Right.ANSWER_CONSULTATIONS)
    if patient_id is not None:
        rights.ensure(tx.actor, Right.SEE_PATIENTS)
    one = await store.lock(tx.conn, consultation_id)
    if one is None:
        raise ConsultationNotFoundError("no such consultation")
    answer = _answer(one, result)
    await _tie(tx, one, patient_id)
    if one.status is Status.OPEN:
        await store.close(tx.conn, consultation_id, result=answer, by=tx.actor.name, now=tx.now)
        await audit.record(tx, "close consultation", "consultation", consultation_id)
        whose = patient_id or one.patient_id
        await tx.emit(ConsultationClosed(consultation_id=one.id, msisdn=one.msisdn, patient_id=whose))
    await drafts.saved_in(tx, Subject(form=Form.CONSULTATION, consultation_id=consultation_id))
    closed = await _loaded(tx, consultation_id)
    await _write_on_timeline(tx, closed)
    return closed


def _answer(one: Consultation, result: str) -> str:
    answer = result.strip()
    if len(answer) > LONGEST_TEXT:
        raise InvalidInputError("text too long", field="result")
    if one.status is Status.CLOSED and answer not in ("", one.result):
        raise StaleError("closed by somebody else")
    return answer


async def _tie(tx: Tx, one: Consultation, patient_id: PatientId | None) -> None:
    if patient_id is None or one.patient_id == patient_id:
        return
    patient = await patients.get(tx.conn, patient_id)
    if patient is None:
        raise PatientNotFoundError("no such patient")
    if one.patient_id is not None:
        await timeline.remove(tx, one.patient_id, TimelineKind.CONSULTATION, _ref(one))
    await store.set_patient(tx.conn, one.id, patient.id)


async def _write_on_timeline(tx: Tx, one: Consultation) -> None:
    """That they asked, and that they were answered; the words are where the entries lead."""
    if one.patient_id is None:
        return
    asked = {"source": one.source.value}
    await timeline.add(tx, one.patient_id, one.created_at, TimelineCode.ASKED, asked, _ref(one))
    if one.closed_at is not None and one.result:
        await timeline.add(tx, one.patient_id, one.closed_at, TimelineCode.ANSWERED, {}, _ref(one))


def _ref(one: Consultation) -> str:
    return f"consultations/{one.id}"


async def _loaded(tx: Tx, consultation_id: ConsultationId) -> Consultation:
    consultation = await store.get(tx.conn, consultation_id)
    if consultation is None:
        raise ConsultationNotFoundError("no such consultation")
    return consultation
