"""Who saw what: one audit row for each look, whatever the look holds."""

from collections.abc import Iterable, Sequence
from datetime import date

from crm_core.kernel import audit
from crm_core.kernel.db import Tx
from crm_core.kernel.ids import CallId, PatientId
from crm_core.patients import seen


async def patient(tx: Tx, patient_id: PatientId, *, call_id: CallId | None = None, again: bool = False) -> None:
    """`again`: a part that asks for itself when something happens."""
    await seen.opened(tx, patient_id, {"call_id": str(call_id)} if call_id else seen.NOTHING, again=again)


async def call(tx: Tx, call_id: CallId) -> None:
    """One call, with what was written about it."""
    await audit.record(tx, "view call", "call", call_id)


async def listed(
    tx: Tx, subject: str, by: Iterable[str], shown: Sequence[PatientId | None], *, again: bool = False
) -> None:
    """A list with people in it, None for what is nobody's yet. `by`: which filters were set, not to what."""
    await seen.listed(tx, subject, shown, {"by": sorted(by)}, again=again)


async def day(tx: Tx, day: date, by: Iterable[str], shown: Sequence[PatientId], *, again: bool = False) -> None:
    """The appointments of a day: one row for the list, however many people are in it."""
    await seen.listed(tx, "appointment", shown, {"by": sorted(by)}, subject_id=day.isoformat(), again=again)


async def family(tx: Tx, call_id: CallId, shown: Sequence[PatientId]) -> None:
    """Everybody who has the number that calls."""
    await seen.listed(tx, "patient", shown, {"call_id": str(call_id)})
