"""Events are kept by when they were written down, not by when they happened."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0057_event_log_age.sql"))
