"""Who is meant by what somebody typed: within milliseconds among a million, whatever was typed.

Numbers and names are asked apart, each for one page in the order of ids. A name that many have (王, or "w") fills the
page from the first patients one walks past; a name that few have is in the trigram index. Which of the two it is, is
found out by walking a little way, not guessed from statistics: see docs/decisions/0028-search.md.
"""

from collections.abc import Sequence

from crm_core.kernel.db import Connection, planned_for_its_values
from crm_core.kernel.ids import PatientId
from crm_core.kernel.msisdn import digits_of, ends_of, try_parse_msisdn
from crm_core.patients import identifier_store, store
from crm_core.patients.model import Patient
from crm_core.patients.pinyin import normal

FEW = 300
FIRST_STEPS = 2_000  # patients walked past before anything is known, under 1 ms; who has nobody there is rare
MOST_STEPS = 20_000  # some 7 ms; a page is not full after that: the index knows faster


async def search(conn: Connection, text: str, *, limit: int, after: PatientId | None = None) -> list[Patient]:
    """By name, pinyin (any reading, initials), end or beginning of a phone number, card or other number of theirs.

    Ordered by id; `after` is the last id of the page before. An empty text finds nobody.
    """
    query = normal(text)
    if not query:
        return []
    digits = "".join(query.split()).removeprefix("+")
    async with planned_for_its_values(conn):
        if digits.isascii() and digits.isdigit():
            ids = await _ids_by_digits(conn, digits, limit, after or 0)
        else:
            ids = await _ids_by_words(conn, query, limit, after or 0)
    return await store.many(conn, ids)


async def few(conn: Connection, text: str) -> list[PatientId] | None:
    """Whose calls are asked for one by one. None: so many have the name that whatever they have is near; of a number
    the first are enough, since what they have is found by the number too."""
    people = [one.id for one in await search(conn, text, limit=FEW + 1)]
    return people[:FEW] if len(people) <= FEW or digits_of(text) else None


async def _ids_by_digits(conn: Connection, digits: str, limit: int, after: int) -> list[PatientId]:
    tail, tail_end, head, head_end = ends_of(digits)
    rows = await conn.fetch(
        """
        WITH ends AS MATERIALIZED (
            SELECT patient_id AS id FROM patient_phone WHERE reverse(msisdn) ~>=~ $1 AND reverse(msisdn) ~<~ $2
            UNION ALL SELECT patient_id FROM patient_phone WHERE msisdn >= $7 AND msisdn < $8
        )
        (SELECT DISTINCT id FROM ends WHERE id > $5 ORDER BY id LIMIT $6)
        UNION (SELECT patient_id FROM patient_phone WHERE msisdn = $3 AND patient_id > $5 ORDER BY patient_id LIMIT $6)
        UNION SELECT patient_id FROM patient_identifier WHERE value = $4 AND patient_id > $5
        ORDER BY id LIMIT $6
        """,
        tail,
        tail_end,
        try_parse_msisdn(digits) or "",
        digits,
        after,
        limit,
        head,
        head_end,
    )
    return [row["id"] for row in rows]


async def _ids_by_words(conn: Connection, query: str, limit: int, after: int) -> list[PatientId]:
    number = query.replace(" ", "-")
    numbered = await identifier_store.holders(conn, [number, number.upper()], after=PatientId(after))
    patterns = [f"% {escaped(word)}%" for word in sorted(query.split(), key=len, reverse=True)]
    return sorted({*numbered, *await _ids_by_name(conn, patterns, limit, after)})[:limit]


async def _ids_by_name(conn: Connection, patterns: Sequence[str], limit: int, after: int) -> list[PatientId]:
    for steps in (FIRST_STEPS, MOST_STEPS):
        found = await _ids_walked_past(conn, steps, patterns, limit, after)
        if len(found) >= limit or await _is_end(conn, steps, after):
            return found
        if not found:
            break
    return await _ids_in_index(conn, patterns, limit, after)


async def _is_end(conn: Connection, steps: int, after: int) -> bool:
    """Whether somebody who walked so far has seen the last patient."""
    return (
        await conn.fetchval("SELECT id FROM patient WHERE id > $1 ORDER BY id OFFSET $2 LIMIT 1", after, steps) is None
    )


async def _ids_walked_past(
    conn: Connection, steps: int, patterns: Sequence[str], limit: int, after: int
) -> list[PatientId]:
    rows = await conn.fetch(
        """
        SELECT id FROM (SELECT id, search FROM patient WHERE id > $1 ORDER BY id LIMIT $2) AS near
        WHERE search LIKE ALL ($3::text[]) ORDER BY id LIMIT $4
        """,
        after,
        steps,
        patterns,
        limit,
    )
    return [row["id"] for row in rows]


async def _ids_in_index(conn: Connection, patterns: Sequence[str], limit: int, after: int) -> list[PatientId]:
    """All behind who have the name, then those of this page: the planner may not walk in order in search of a few."""
    rows = await conn.fetch(
        """
        WITH named AS MATERIALIZED (
            SELECT id FROM patient
            WHERE search LIKE $1 AND search LIKE $2 AND search LIKE ALL ($3::text[]) AND id > $4
        )
        SELECT id FROM named ORDER BY id LIMIT $5
        """,
        patterns[0],
        patterns[min(1, len(patterns) - 1)],
        patterns[2:],
        after,
        limit,
    )
    return [row["id"] for row in rows]


def escaped(word: str) -> str:
    """A word in which % and _ mean themselves."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
