"""What is typed into any form is kept until it is saved."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0031_drafts_of_forms.sql"))
