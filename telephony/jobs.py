"""What telephony does for others outside a transaction."""

from crm_core.calls import agents
from crm_core.kernel.db import Database
from crm_core.kernel.ids import UserId
from crm_core.kernel.jobs import Job, JobArgs, Retry
from telephony.ami import Ami
from telephony.queue_sync import sync_one

SYNC_QUEUE_MEMBER = "sync_queue_member"
LEAVE_DESK = "leave_desk"


def jobs(db: Database, ami: Ami) -> tuple[Job, ...]:
    """`sync_queue_member {user_id}`: one at a time, so the newest state is carried over last.

    `leave_desk {user_id}`: some time after their telephone was gone.
    """

    async def sync_queue_member(args: JobArgs) -> None:
        await sync_one(db, ami, UserId(int(args["user_id"])))

    async def leave_desk(args: JobArgs) -> None:
        await agents.leave_without_line(db, UserId(int(args["user_id"])))

    retry = Retry(attempts=4, first_wait_s=1.0, longest_wait_s=10.0)  # when the link is up again, all are synced anyway
    return (
        Job(name=SYNC_QUEUE_MEMBER, run=sync_queue_member, retry=retry, timeout_s=15.0, concurrency=1),
        Job(name=LEAVE_DESK, run=leave_desk, retry=Retry(), timeout_s=15.0),
    )
