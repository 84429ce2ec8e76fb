"""What happened is written down beside the notice."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0050"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0050_event_log.sql"))
