"""Who looked at whose texts: a row in the audit, one per quarter of an hour however often an open page asks again."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from crm_core.kernel import audit
from crm_core.kernel.db import Tx
from crm_core.kernel.ids import PatientId, ThreadId
from sms import thread_store

LASTS = timedelta(minutes=15)
NAMED = 5  # people of one number who are named each


async def note(tx: Tx, action: str, subject: str, subject_id: object, *, detail: Mapping[str, object]) -> None:
    """Unless the same person did the same a moment ago."""
    if not await thread_store.has_looked(tx.conn, tx.actor, action, subject, str(subject_id), tx.now - LASTS):
        await audit.record(tx, action, subject, subject_id, detail=detail)


async def note_texts(tx: Tx, action: str, thread_id: ThreadId, patient_ids: Sequence[PatientId]) -> None:
    """Under each patient whose number it is, so that "who saw this patient?" finds it; else under the thread."""
    if not patient_ids:
        await note(tx, action, "sms_thread", thread_id, detail={})
    for patient_id in patient_ids[:NAMED]:
        await note(tx, action, "patient", patient_id, detail={"thread_id": thread_id})
