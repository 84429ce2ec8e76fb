"""Who is what to whom."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0043_relations.sql"))
