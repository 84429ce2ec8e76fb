"""Why somebody may be calling: their way through the menu, their last visits, what they asked last, what they wish.

Asked for beside the pop, which does not wait for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from crm_core.calls import own
from crm_core.calls.model import Call
from crm_core.consent import wishes
from crm_core.consent.model import Wishes
from crm_core.consultations import store as consultations
from crm_core.consultations.model import Consultation
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database, Tx
from crm_core.kernel.ids import CallId, PatientId
from crm_core.patients import store as patients
from crm_core.users.rights import Right, ensure, may
from ivr import store as flows
from overview import seen

VISITS = 4
DIGITS = dict(zip("0123456789*", ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "星号"), strict=True))
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "star")
SPOKEN = dict(zip("0123456789*", WORDS, strict=True))


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key, and what the menu had said about it, by language; {} when it says nothing of that key."""

    key: str
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """An appointment whose time has come: whether they were there."""

    starts_at: datetime
    status: str
    department: str
    department_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """`path`: the steps of the menu. `unseen`: how many appointments ever they did not come to. `wishes`: one for each
    of their numbers. `asked`: their last consultation, or that of the number when nobody knows who calls."""

    path: Sequence[str]
    pressed: Sequence[Pressed]
    visits: Sequence[Visit] = field(repr=False)
    unseen: int
    wishes: Sequence[Wishes] = field(repr=False)
    asked: Consultation | None


async def why(db: Database, actor: Actor, call_id: CallId) -> Why:
    """Raises ForbiddenError, CallNotFoundError, NotYourCallError."""
    ensure(actor, Right.TAKE_CALLS)
    ensure(actor, Right.SEE_PATIENTS)
    async with db.transaction(actor) as tx:
        call = (await own.ensure(tx.conn, actor, call_id)).call
        keys = await _pressed(tx.conn, call.flow_version, call.path)
        asked = await _asked(tx, call)
        if call.patient_id is None:
            return Why(path=call.path, pressed=keys, visits=(), unseen=0, wishes=(), asked=asked)
        await seen.patient(tx, call.patient_id, call_id=call_id, again=True)
        patient = await patients.get(tx.conn, call.patient_id)
        visits, unseen = await _visits(tx.conn, call.patient_id, tx.now)
    said = await wishes.of_patient(db, actor, patient) if patient else ()
    return Why(path=call.path, pressed=keys, visits=visits, unseen=unseen, wishes=said, asked=asked)


async def _asked(tx: Tx, call: Call) -> Consultation | None:
    """Not what they ask in this call: that is in the form beside it."""
    if not may(tx.actor, Right.SEE_CONSULTATIONS):
        return None
    return await consultations.last_before(tx.conn, call.id, call.patient_id, call.caller)


async def _pressed(conn: Connection, flow_version: str, path: Sequence[str]) -> list[Pressed]:
    name, _slash, version = flow_version.partition("/")
    flow = await flows.get(conn, name, int(version)) if version.isdecimal() else None
    return pressed(flow.definition["nodes"], path) if flow else []


def pressed(nodes: Mapping[str, Any], path: Sequence[str]) -> list[Pressed]:
    """The keys that lead from each menu on the way to the node after it, in the menu's own words."""
    found = []
    for here, after in pairwise(path):
        node = nodes.get(here, {})
        key = next((key for key, to in node.get("keys", {}).items() if to == after), None)
        if node.get("type") == "menu" and key is not None:
            found.append(Pressed(key, _said(node.get("say", {}), key)))
    return found


def _said(texts: Mapping[str, str], key: str) -> dict[str, str]:
    """The part of the menu that names the key: parts stand between bars."""
    names = (f"按{DIGITS.get(key, key)}", f"press {SPOKEN.get(key, key)}")
    said = {}
    for language, text in texts.items():
        parts = [part.strip(" ，。,.?") for part in text.split("|") if any(name in part for name in names)]
        if parts:
            said[language] = parts[0]
    return said


async def _visits(conn: Connection, patient_id: PatientId, now: datetime) -> tuple[list[Visit], int]:
    """The last few, newest first, and how many were missed."""
    rows = await conn.fetch(
        """
        SELECT s.starts_at, a.status, d.name AS department, d.name_en AS department_en,
               count(*) FILTER (WHERE a.status = 'noshow') OVER () AS unseen
        FROM appointment a JOIN slot s ON s.id = a.slot_id JOIN practitioner p ON p.id = s.practitioner_id
        JOIN department_named d ON d.id = p.department_id
        WHERE a.patient_id = $1 AND a.status <> 'cancelled' AND s.starts_at < $2
        ORDER BY s.starts_at DESC LIMIT $3
        """,
        patient_id,
        now,
        VISITS,
    )
    names = ("starts_at", "status", "department", "department_en")
    return [Visit(**{name: row[name] for name in names}) for row in rows], rows[0]["unseen"] if rows else 0
