"""What the workers run for SMS. Sending itself is the modem worker's: only it knows when the line is free."""

from datetime import timedelta

from crm_core.kernel.db import Database
from crm_core.kernel.ids import SmsId
from crm_core.kernel.jobs import Job, JobArgs, Retry
from sms import answering
from sms.letterhead import Letterhead

ANSWER_SMS = "answer_sms"


def jobs(db: Database, letterhead: Letterhead, silent_for: timedelta = answering.SILENT_FOR) -> tuple[Job, ...]:
    """All of this package. `silent_for`: after a person wrote, the machine does not answer."""

    async def answer_sms(args: JobArgs) -> None:
        await answering.answer(db, SmsId(args["sms_id"]), letterhead, silent_for=silent_for)

    return (Job(name=ANSWER_SMS, run=answer_sms, retry=Retry(attempts=50, longest_wait_s=60.0), timeout_s=30.0),)
