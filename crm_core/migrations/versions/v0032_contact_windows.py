"""Contact hours by day of the week and for holidays, until 24:00 where a hospital wants it."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0032_contact_windows.sql"))
