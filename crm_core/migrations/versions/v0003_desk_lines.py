"""Desk lines: who is available on paper only is seen, and set offline after a while."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0003_desk_lines.sql"))
