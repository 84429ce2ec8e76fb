"""What the workers run for SMS. Sending itself is the modem worker's: only it knows when the line is free."""

from datetime import timedelta

from crm_core.kernel.db import Database
from crm_core.kernel.ids import AppointmentId, SmsId
from crm_core.kernel.jobs import Job, JobArgs, Retry
from sms import answering, telling
from sms.letterhead import Letterhead

ANSWER_SMS = "answer_sms"
TELL_PATIENT = "tell_patient"


def jobs(
    db: Database,
    letterhead: Letterhead,
    silent_for: timedelta = answering.SILENT_FOR,
    *,
    tells_bookings: bool = True,
) -> tuple[Job, ...]:
    """All of this package. `silent_for`: after a person wrote, the machine does not answer.

    `tells_bookings`: patients hear of appointments made or given up for them.
    """

    async def answer_sms(args: JobArgs) -> None:
        await answering.answer(db, SmsId(args["sms_id"]), letterhead, silent_for=silent_for)

    async def tell_patient(args: JobArgs) -> None:
        if tells_bookings:
            await telling.tell_by_itself(db, AppointmentId(args["appointment_id"]), letterhead)

    patient = Retry(attempts=50, longest_wait_s=60.0)
    return (
        Job(name=ANSWER_SMS, run=answer_sms, retry=patient, timeout_s=30.0),
        Job(name=TELL_PATIENT, run=tell_patient, retry=patient, timeout_s=30.0),
    )
