"""How appointments were brought to their patients' minds: the newest call and the newest SMS about each."""

from collections.abc import Sequence
from dataclasses import dataclass

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import AppointmentId
from crm_core.scheduling.model import Appointment
from dialer import store as attempts
from dialer.attempt import Attempt
from sms import store as texts
from sms.model import Sms


@dataclass(frozen=True, slots=True)
class Reminders:
    """About one appointment; None when there was none of that kind."""

    call: Attempt | None
    sms: Sms | None


async def reminders_of(conn: Connection, found: Sequence[Appointment]) -> dict[AppointmentId, Reminders]:
    """Of those who had any, in two queries however many they are."""
    ids = [one.id for one in found]
    if not ids:
        return {}
    calls = {one.appointment_id: one for one in await attempts.newest_of(conn, ids)}
    sent = {one.appointment_id: one for one in await texts.newest_reminders(conn, ids)}
    return {id_: Reminders(calls.get(id_), sent.get(id_)) for id_ in ids if id_ in calls or id_ in sent}
