"""What a session of a practitioner is: general or with an expert, and what it costs."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0029_sessions.sql"))
