"""Supervisors at agents' calls, and pauses of the recording."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0030_supervision.sql"))
