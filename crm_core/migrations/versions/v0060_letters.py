"""Which envelopes were printed when, by whom, for whom."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0060"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0060_letters.sql"))
