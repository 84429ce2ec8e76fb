"""Notes of supervisors beside a place of a recording."""

from pathlib import Path

from crm_core.migrations import steps

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.run(Path(__file__).with_name("0034_recording_notes.sql"))
