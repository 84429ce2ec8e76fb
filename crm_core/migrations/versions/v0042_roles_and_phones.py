"""What a person is to the hospital, and whose a telephone is."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0042_roles_and_phones.sql"))
