"""Write down who asks, and close it when they have their answer."""

from crm_core.consultations import store
from crm_core.consultations.errors import ConsultationNotFoundError
from crm_core.consultations.model import Consultation, Source
from crm_core.events import ConsultationOpened
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import ConsultationId, Msisdn, PatientId
from crm_core.patients import store as patients
from crm_core.patients import timeline
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.model import TimelineKind

LONGEST_TEXT = 10_000  # of the newest words; older ones are cut
TIMELINE_CODE = "Consultation by {source}"


async def open_in(
    tx: Tx, msisdn: Msisdn, source: str, text: str, patient_id: PatientId | None = None
) -> ConsultationId:
    """A new consultation, or the open one of this number and source with the text added. Raises InvalidInputError."""
    if source not in set(Source):
        raise InvalidInputError("phone, sms or web", field="source")
    consultation_id, is_new = await store.put(
        tx.conn,
        msisdn=msisdn,
        patient_id=patient_id,
        source=Source(source),
        text=text.strip()[-LONGEST_TEXT:],
        longest=LONGEST_TEXT,
        now=tx.now,
    )
    if patient_id is not None:
        await _add_to_timeline(tx, patient_id, consultation_id, source)
    if is_new:
        await audit.record(tx, "open consultation", "consultation", consultation_id)
        await tx.emit(ConsultationOpened(consultation_id=consultation_id))
    return consultation_id


async def close(
    db: Database, actor: Actor, consultation_id: ConsultationId, patient_id: PatientId | None = None
) -> Consultation:
    """They have their answer; `patient_id` when they turned out to be, or became, a patient. Safe to repeat."""
    async with db.transaction(actor) as tx:
        consultation = await _loaded(tx, consultation_id)
        if patient_id is not None and consultation.patient_id != patient_id:
            if await patients.get(tx.conn, patient_id) is None:
                raise PatientNotFoundError("no such patient")
            await store.set_patient(tx.conn, consultation_id, patient_id)
            await _add_to_timeline(tx, patient_id, consultation_id, consultation.source)
        if await store.close(tx.conn, consultation_id):
            await audit.record(tx, "close consultation", "consultation", consultation_id)
        return await _loaded(tx, consultation_id)


async def _add_to_timeline(tx: Tx, patient_id: PatientId, consultation_id: ConsultationId, source: str) -> None:
    ref = f"consultations/{consultation_id}"
    await timeline.add(tx, patient_id, TimelineKind.CONSULTATION, tx.now, TIMELINE_CODE, {"source": source}, ref)


async def _loaded(tx: Tx, consultation_id: ConsultationId) -> Consultation:
    consultation = await store.get(tx.conn, consultation_id)
    if consultation is None:
        raise ConsultationNotFoundError("no such consultation")
    return consultation
