"""What is typed in the pop is kept until it is saved."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0027_drafts.sql"))
