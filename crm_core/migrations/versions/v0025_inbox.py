"""Conversations have an owner and texts a writer; what patients said last, and words, are found by indexes."""

from pathlib import Path

from alembic import op

from crm_core.migrations.steps import build_index, run

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None
HERE = Path(__file__)


def upgrade() -> None:
    run(HERE.with_name("0025_inbox.sql"))
    with op.get_context().autocommit_block():
        run(HERE.with_name("0025_inbox_fill.sql"))
    build_index("sms_said_of_peer", "sms (peer, id DESC) WHERE direction = 'in'")
    build_index("sms_spoken", "sms (id DESC) WHERE direction = 'in' OR written_by IS NOT NULL")
    build_index("sms_of_writer", "sms (written_by, created_at) WHERE written_by IS NOT NULL")
    build_index("sms_thread_of_owner", "sms_thread (owner_id, last_at DESC, id DESC) WHERE owner_id IS NOT NULL")
    build_index("consultation_of_answerer", "consultation (closed_by, closed_at) WHERE status = 'closed'")
