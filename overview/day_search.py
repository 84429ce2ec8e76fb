"""Somebody stands at the counter: which of the day's appointments are theirs, by name or number."""

from collections.abc import Sequence

from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database
from crm_core.kernel.ids import AppointmentId
from crm_core.patients.pinyin import normal
from crm_core.scheduling import store
from crm_core.users.rights import Right, ensure
from overview import seen
from overview.day import Lines, Wanted, lines_of

FOUND = 20
SHORTEST = 3  # digits; fewer are in every number


async def found(db: Database, actor: Actor, wanted: Wanted, words: str) -> Lines:
    """Whose name (in any reading) has these words, or whose number these digits; all for nothing typed are none.

    The status and the practitioner that the list is narrowed to do not matter: who asks has not seen them there.
    Raises ForbiddenError.
    """
    ensure(actor, Right.SEE_PATIENTS)
    async with db.transaction(actor) as tx:
        ids = await _ids(tx.conn, wanted, normal(words))
        appointments = await store.many(tx.conn, ids)
        if appointments:
            await seen.day(tx, wanted.day, ["words"], [one.patient_id for one in appointments], again=True)
        return await lines_of(tx.conn, appointments)


async def _ids(conn: Connection, wanted: Wanted, query: str) -> Sequence[AppointmentId]:
    if not query:
        return []
    digits = "".join(query.split()).removeprefix("+")
    is_number = digits.isascii() and digits.isdigit() and len(digits) >= SHORTEST
    rows = await conn.fetch(
        """
        SELECT a.id FROM slot s JOIN appointment a ON a.slot_id = s.id JOIN patient p ON p.id = a.patient_id
        WHERE s.starts_at >= $1 AND s.starts_at < $2
          AND (NOT EXISTS (SELECT FROM unnest($3::text[]) AS word WHERE strpos(p.search, ' ' || word) = 0)
               OR $4 <> '' AND EXISTS (SELECT FROM patient_phone n
                                       WHERE n.patient_id = p.id AND strpos(n.msisdn, $4) > 0))
        ORDER BY s.starts_at, a.id LIMIT $5
        """,
        wanted.start,
        wanted.end,
        query.split(),
        digits if is_number else "",
        FOUND,
    )
    return [row["id"] for row in rows]
