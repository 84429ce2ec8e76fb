"""Who saw what: one audit row for each look, whatever the look holds."""

from collections.abc import Iterable, Mapping
from datetime import date

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Tx
from crm_core.kernel.ids import CallId, PatientId
from crm_core.patients.watch_store import OPENED
from overview import rules


async def patient(tx: Tx, patient_id: PatientId, *, call_id: CallId | None = None, again: bool = False) -> None:
    """`again`: a part that asks for itself when something happens."""
    detail = {"call_id": str(call_id)} if call_id else {}
    await _record(tx, OPENED, "patient", patient_id, detail, again=again)


async def call(tx: Tx, call_id: CallId, *, again: bool = False) -> None:
    """One call, with what was written about it."""
    await _record(tx, "view call", "call", call_id, {}, again=again)


async def listed(tx: Tx, subject: str, by: Iterable[str], shown: int, *, again: bool = False) -> None:
    """A list with people in it: which filters were set, not to what, and how many rows were shown."""
    await _record(tx, f"list {subject}s", subject, "", {"by": sorted(by), "shown": shown}, again=again)


async def day(tx: Tx, day: date, by: Iterable[str], shown: int, *, again: bool = False) -> None:
    """The appointments of a day: one row for the list, however many people are in it."""
    detail = {"by": sorted(by), "shown": shown}
    await _record(tx, "list appointments", "day", day.isoformat(), detail, again=again)


async def family(tx: Tx, call_id: CallId, shown: int) -> None:
    """Everybody who has the number that calls."""
    await _record(tx, "list patients", "patient", "", {"call_id": str(call_id), "shown": shown}, again=False)


async def _record(
    tx: Tx, action: str, subject: str, subject_id: object, detail: Mapping[str, object], *, again: bool
) -> None:
    if not again or rules.is_new_look(await _age_s(tx.conn, tx.actor, action, subject, str(subject_id))):
        await audit.record(tx, action, subject, subject_id, detail=detail)


async def _age_s(conn: Connection, actor: Actor, action: str, subject: str, subject_id: str) -> float | None:
    """Of this person's last such row; None when it is older than matters. By the audit's own clock."""
    age_s: float | None = await conn.fetchval(
        """
        SELECT extract(epoch FROM statement_timestamp() - max(at))::float FROM audit
        WHERE actor_user_id = $1 AND at > statement_timestamp() - $2::interval
          AND action = $3 AND subject = $4 AND subject_id = $5 AND outcome = 'done'
        """,
        actor.user_id,
        rules.SAME_LOOK,
        action,
        subject,
        subject_id,
    )
    return age_s
