"""Departments belong to a campus; the only one is unseen."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0056_campuses.sql"))
