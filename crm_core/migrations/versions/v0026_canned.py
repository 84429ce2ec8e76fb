"""Canned answers: what staff write to patients again and again."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0026_canned.sql"))
