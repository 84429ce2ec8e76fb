"""No table that holds a person is forgotten."""

import re

import asyncpg
import pytest

from crm_core.patients.holders import HOLDERS, NOBODY, Holds

pytestmark = pytest.mark.db

COLUMNS = """
    SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
"""
POINTS_TO_PATIENT = """
    SELECT c.conrelid::regclass::text AS table_name, a.attname AS column_name
    FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.confrelid = 'patient'::regclass
"""
LIKELY = re.compile(  # what such columns are called here
    r".*(patient|msisdn|peer|caller|phone|name|address|text|note|reason|title|ref|evidence|payload|as_typed|_no)(_id)?"
)
CODES = {  # called so, and a closed set or somebody of staff
    ("consent", "source"),
    ("sms", "reason"),
    ("call", "end_reason"),
    ("sms_inbound_part", "reference"),
    ("audit", "address"),
}


async def columns(url: str, question: str) -> list[asyncpg.Record]:
    conn = await asyncpg.connect(url)
    try:
        return list(await conn.fetch(question))
    finally:
        await conn.close()


async def test_every_table_is_said_to_hold_a_person_or_nobody(owner_url: str) -> None:
    tables = {row["table_name"] for row in await columns(owner_url, COLUMNS)}
    holding = {one.table for one in HOLDERS}
    assert tables - holding - NOBODY == set()
    assert (holding | NOBODY) - tables == set()
    assert holding & NOBODY == set()


async def test_every_column_that_points_to_a_patient_is_one_that_a_merge_moves(owner_url: str) -> None:
    pointing = {(row["table_name"], row["column_name"]) for row in await columns(owner_url, POINTS_TO_PATIENT)}
    assert {(one.table, one.column) for one in HOLDERS if one.holds is Holds.ID} == pointing


async def test_every_column_that_is_called_like_a_person_or_keeps_anything_is_named(owner_url: str) -> None:
    found = await columns(owner_url, COLUMNS)
    there = {(row["table_name"], row["column_name"]) for row in found}
    named = {(one.table, one.column) for one in HOLDERS}
    likely = {
        (row["table_name"], row["column_name"])
        for row in found
        if row["table_name"] not in NOBODY
        and (row["data_type"] in {"jsonb", "json"} or LIKELY.fullmatch(row["column_name"]))
    }
    assert likely - named - CODES == set()
    assert named - there == set()
