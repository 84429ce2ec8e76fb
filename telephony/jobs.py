"""What telephony does for others outside a transaction."""

from crm_core.kernel.db import Database
from crm_core.kernel.ids import UserId
from crm_core.kernel.jobs import Job, JobArgs, Retry
from telephony.ami import Ami
from telephony.queue_sync import sync_one

SYNC_QUEUE_MEMBER = "sync_queue_member"


def jobs(db: Database, ami: Ami) -> tuple[Job, ...]:
    """`sync_queue_member {user_id}`: one at a time, so the newest state is carried over last."""

    async def sync_queue_member(args: JobArgs) -> None:
        await sync_one(db, ami, UserId(int(args["user_id"])))

    retry = Retry(attempts=4, first_wait_s=1.0, longest_wait_s=10.0)  # when the link is up again, all are synced anyway
    return (Job(name=SYNC_QUEUE_MEMBER, run=sync_queue_member, retry=retry, timeout_s=15.0, concurrency=1),)
