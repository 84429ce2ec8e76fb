"""Nobody is in two places at once: practitioners by a constraint, patients by a rule; no place is taken away."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0013_booking_rules.sql"))
