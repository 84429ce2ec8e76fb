"""Texts: a row per conversation; indexes for what is unread and what was written since."""

from pathlib import Path

from alembic import op

from crm_core.migrations.steps import build_index, run

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
HERE = Path(__file__)


def upgrade() -> None:
    run(HERE.with_name("0006_sms_threads.sql"))
    with op.get_context().autocommit_block():
        run(HERE.with_name("0006_sms_threads_fill.sql"))
    build_index("sms_unread_of_peer", "sms (peer) WHERE direction = 'in' AND read_at IS NULL")
    build_index("sms_created", "sms (created_at)")
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS sms_unread")
