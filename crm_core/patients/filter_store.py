"""Whose record has something in one of its fields: the field is one of ours, the value bound.

By id, a page at a time, walking the table: who wants a set of people by many conditions asks a group.
"""

from crm_core.kernel.db import Connection
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import PatientId
from crm_core.patients import search_store, store
from crm_core.patients.field import Field, Kind, codes_of
from crm_core.patients.fields import FILTERS
from crm_core.patients.model import Patient

IN_ALL = 100_000  # people of a number or a name among whom the field is looked at
HAS = {
    Kind.TEXT: "p.{name} ILIKE $1",
    Kind.LONG: "p.{name} ILIKE $1",
    Kind.TEXTS: "EXISTS (SELECT FROM unnest(p.{name}) AS word WHERE word ILIKE $1)",
    Kind.CHOICE: "p.{name} = $1",
    Kind.CHOICES: "$1 = ANY (p.{name})",
}


async def having(
    conn: Connection, name: str, value: str, words: str, *, limit: int, after: PatientId | None = None
) -> list[Patient]:
    """Who has this in that field, and is found by the words too when there are any. Raises InvalidInputError."""
    field = FILTERS.get(name)
    if field is None:
        raise InvalidInputError("no such field", field="having")
    among = [one.id for one in await search_store.search(conn, words, limit=IN_ALL)] if words else None
    rows = await conn.fetch(
        f"""
        SELECT p.id FROM patient p
        WHERE {HAS[field.kind].format(name=field.name)} AND p.id > $2 AND ($3::bigint[] IS NULL OR p.id = ANY ($3))
        ORDER BY p.id LIMIT $4
        """,  # noqa: S608
        _value(field, value),
        after or 0,
        among,
        limit,
    )
    return await store.many(conn, [row["id"] for row in rows])


def _value(field: Field, value: str) -> str:
    """A code, or a part of what is written."""
    if not field.words:
        return f"%{search_store.escaped(value)}%"
    return next(iter(codes_of(field.words, value)), value)
