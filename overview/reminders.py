"""How appointments were brought to their patients' minds: the newest call and the newest SMS about each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import AppointmentId
from crm_core.scheduling.model import Appointment
from dialer.attempt import State
from sms.model import SmsState


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderCall:
    """The last try; `result` as the attempt's."""

    state: State
    result: str
    not_before: datetime
    dialed_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderSms:
    """The last message."""

    state: SmsState
    sent_at: datetime | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reminders:
    """About one appointment; None when there was none of that kind."""

    call: ReminderCall | None
    sms: ReminderSms | None


async def reminders_of(conn: Connection, found: Sequence[Appointment]) -> dict[AppointmentId, Reminders]:
    """Of those who had any, in one statement however many they are."""
    if not found:
        return {}
    rows = await conn.fetch(
        """
        SELECT about.id, a.state AS call_state, a.result, a.not_before, a.dialed_at, a.ended_at,
               s.state AS sms_state, s.sent_at, s.delivered_at
        FROM unnest($1::bigint[]) AS about (id)
        LEFT JOIN LATERAL (SELECT state, result, not_before, dialed_at, ended_at FROM dial_attempt
                           WHERE appointment_id = about.id ORDER BY number DESC LIMIT 1) AS a ON true
        LEFT JOIN LATERAL (SELECT state, sent_at, delivered_at FROM sms
                           WHERE appointment_id = about.id AND direction = 'out' ORDER BY id DESC LIMIT 1) AS s ON true
        WHERE a.state IS NOT NULL OR s.state IS NOT NULL
        """,
        [one.id for one in found],
    )
    return {AppointmentId(row["id"]): Reminders(_call(row), _sms(row)) for row in rows}


def _call(row: asyncpg.Record) -> ReminderCall | None:
    if row["call_state"] is None:
        return None
    same = {name: row[name] for name in ("result", "not_before", "dialed_at", "ended_at")}
    return ReminderCall(state=State(row["call_state"]), **same)


def _sms(row: asyncpg.Record) -> ReminderSms | None:
    if row["sms_state"] is None:
        return None
    return ReminderSms(state=SmsState(row["sms_state"]), sent_at=row["sent_at"], delivered_at=row["delivered_at"])
