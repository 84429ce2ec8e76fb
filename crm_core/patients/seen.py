"""Who saw which patients: one audit row for each look, naming by id whom it showed.

A part of a page asks for itself again and again; a search, with every key. Within `watching.SAME_LOOK` such a look
leaves a row only when it shows somebody new.
"""

from collections.abc import Mapping, Sequence

from crm_core.kernel import audit
from crm_core.kernel.db import Tx
from crm_core.kernel.ids import PatientId
from crm_core.patients import watch_store, watching
from crm_core.patients.watch_store import OPENED
from crm_core.patients.watching import Watched

NOTHING: Mapping[str, object] = {}


async def opened(tx: Tx, patient_id: PatientId, detail: Mapping[str, object] = NOTHING, *, again: bool = False) -> None:
    """A record; `again`: a part that asks for itself."""
    if watching.is_newly_opened(patient_id, await _watched(tx, "patient", "", again=again)):
        await audit.record(tx, OPENED, "patient", patient_id, detail=detail)


async def listed(
    tx: Tx,
    subject: str,
    shown: Sequence[PatientId | None],
    detail: Mapping[str, object],
    *,
    subject_id: str = "",
    again: bool = False,
) -> None:
    """A list of such things, and who stands in it; `detail` says which filters were set, not to what."""
    people = [one for one in shown if one is not None]
    new = watching.newly_listed(people, await _watched(tx, subject, subject_id, again=again))
    if new is not None:
        whole = {**detail, "count": len(shown), "patient_ids": new}
        await audit.record(tx, f"list {subject.replace('_', ' ')}s", subject, subject_id, detail=whole)


async def read(tx: Tx, action: str, subject: str, subject_id: object, people: Sequence[PatientId]) -> None:
    """What one of these things says, and of whom; more than a record that was opened, so each reading is written."""
    watched = await _watched(tx, subject, str(subject_id), again=True)
    new = watching.newly_read(people, watched)
    if new is not None:
        await audit.record(tx, action, subject, subject_id, detail={"patient_ids": new})


async def _watched(tx: Tx, subject: str, subject_id: str, *, again: bool) -> Watched:
    if not again or tx.actor.user_id is None:
        return watching.NOBODY
    return await watch_store.watched(tx.conn, tx.actor.user_id, watching.SAME_LOOK, subject, subject_id)
