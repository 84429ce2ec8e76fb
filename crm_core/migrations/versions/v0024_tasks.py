"""Tasks have an owner and an end that the conversation brings; one is open per person and cause."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0024"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0024_tasks.sql"))
